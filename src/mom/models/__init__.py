"""Talks: clients of language and image models, and the roster of which model plays which part."""

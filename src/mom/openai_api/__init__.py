"""Speaks to programs: the OpenAI-compatible endpoints."""

"""Decides: which model answers a message, and how the answer comes about. Imports no framework."""

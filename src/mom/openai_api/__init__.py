"""Speaks to programs: the OpenAI-compatible endpoints. `urls.py` lists every address."""

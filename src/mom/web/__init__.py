"""Speaks to people: pages, the JSON API of the page, the event stream. `urls.py` lists every address."""

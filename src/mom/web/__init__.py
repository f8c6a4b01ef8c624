"""Speaks to people: pages, the JSON API of the page, the event stream."""

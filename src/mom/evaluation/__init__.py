"""Measures how well messages are routed."""

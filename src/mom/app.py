"""Composes the web application."""

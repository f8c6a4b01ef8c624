"""Remembers: chats, messages, turns and pictures."""

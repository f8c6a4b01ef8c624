"""Whose request it is: on loopback always the one local user's. Accounts will be decided here."""

from flask import g

from mom.web.services import services


def current_owner_id() -> str:
    """The id of the user who asks; every chat, turn, event stream and picture is looked up with it."""
    if "owner_id" not in g:
        g.owner_id = services().history.local_user_id()
    return str(g.owner_id)

"""Alembic's entry for `flask db …`: as Flask-Migrate's own, without what MoM has no use for (several databases, SQL files).

At start-up MoM runs the same migrations by `Database.upgrade()`, which needs no Flask application and not this file.
"""

import logging
from logging.config import fileConfig

from alembic import context
from flask import current_app

fileConfig(context.config.config_file_name, disable_existing_loggers=False)
migrate = current_app.extensions["migrate"]


def leave_out_empty_revisions(_context, _revision, directives):
    """Write no migration where tables and models agree already."""
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []
        logging.getLogger("alembic.env").info("No changes in schema detected.")


migrate.configure_args.setdefault("process_revision_directives", leave_out_empty_revisions)
with migrate.db.get_engine().connect() as connection:
    context.configure(connection=connection, target_metadata=migrate.db.metadata, **migrate.configure_args)
    with context.begin_transaction():
        context.run_migrations()

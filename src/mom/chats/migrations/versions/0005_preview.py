"""how far an answer's picture had come that was never drawn to its end

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-27 08:30:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("preview", sa.Text(), server_default="", nullable=False))


def downgrade():
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_column("preview")

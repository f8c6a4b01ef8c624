"""the end of a prompt that the image model did not read

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-26 02:47:09.118204
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.add_column(sa.Column("dropped_tail", sa.Text(), server_default="", nullable=False))


def downgrade():
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_column("dropped_tail")

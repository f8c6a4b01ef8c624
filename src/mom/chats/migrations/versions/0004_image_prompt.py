"""the prompt of an answer's picture, also where it was never drawn to its end

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-26 21:52:31.407115
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("image_prompt", sa.Text(), server_default="", nullable=False))


def downgrade():
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_column("image_prompt")

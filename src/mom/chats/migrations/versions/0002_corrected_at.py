"""when a verdict was corrected

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23 22:05:11.402163
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("verdicts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True))
    # For those that were corrected before this was kept, the nearest that is known.
    op.execute("UPDATE verdicts SET corrected_at = created_at WHERE corrected_to IS NOT NULL")


def downgrade():
    with op.batch_alter_table("verdicts", schema=None) as batch_op:
        batch_op.drop_column("corrected_at")

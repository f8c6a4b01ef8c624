"""responses to programs, with what they answer

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-27 18:40:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "kept_responses",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner_id", sa.String(length=32), nullable=False),
        sa.Column("previous_id", sa.String(length=32), nullable=True),
        sa.Column("chain_id", sa.String(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("pictures", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_kept_responses_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_responses")),
    )
    with op.batch_alter_table("kept_responses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kept_responses_owner_id_chain_id"), ["owner_id", "chain_id"], unique=False)


def downgrade():
    with op.batch_alter_table("kept_responses", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kept_responses_owner_id_chain_id"))

    op.drop_table("kept_responses")

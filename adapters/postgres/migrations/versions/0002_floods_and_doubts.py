"""Blocks of a lane per priority, an index floods cannot mislead, pushes in doubt."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OPEN = "state in ('due', 'queued', 'running')"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "lane_blocks",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "priority", name=op.f("pk_lane_blocks")),
    )
    op.execute(
        "insert into lane_blocks (shop_id, priority, until)"
        " select shop_id, blocked_priority, blocked_until from lanes where blocked_until > now()"
    )
    op.drop_column("lanes", "blocked_until")
    op.drop_column("lanes", "blocked_priority")
    op.drop_index("ix_run_items_open", table_name="run_items")
    op.create_index(
        "ix_run_items_open",
        "run_items",
        ["run_id"],
        postgresql_where=sa.text("finished_at is null"),
    )
    op.create_check_constraint(
        op.f("ck_run_items_finished_when_final"), "run_items", f"(finished_at is null) = ({OPEN})"
    )
    op.add_column(
        "stock_pushes", sa.Column("doubted_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index(
        "ix_stock_pushes_doubted",
        "stock_pushes",
        ["doubted_at"],
        postgresql_where=sa.text("doubted_at is not null"),
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_index("ix_stock_pushes_doubted", table_name="stock_pushes")
    op.drop_column("stock_pushes", "doubted_at")
    op.drop_constraint(op.f("ck_run_items_finished_when_final"), "run_items")
    op.drop_index("ix_run_items_open", table_name="run_items")
    op.create_index("ix_run_items_open", "run_items", ["run_id"], postgresql_where=sa.text(OPEN))
    op.add_column("lanes", sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "lanes",
        sa.Column(
            "blocked_priority", sa.SmallInteger(), server_default=sa.text("0"), nullable=False
        ),
    )
    op.execute(
        "update lanes l set blocked_until = b.until, blocked_priority = b.priority"
        " from (select shop_id, min(priority) as priority, max(until) as until"
        " from lane_blocks where until > now() group by shop_id) b where b.shop_id = l.shop_id"
    )
    op.drop_table("lane_blocks")

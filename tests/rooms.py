"""Which tests belong to which room of the product: `make test TEST_ARGS="-m orders"`.

A pattern is a path below tests/; a file may belong to several rooms and belongs to one at least.
"""

from collections.abc import Mapping
from fnmatch import fnmatch

ROOMS: Mapping[str, tuple[str, ...]] = {
    "chaos": ("chaos/*",),
    "engine": (
        "contract/test_call_budget.py",
        "component/test_engine_[bcelmtsu]*.py",
        "component/test_engine_failures.py",
        "component/test_places_*.py",
        "unit/test_actions.py",
        "unit/test_backoff.py",
        "unit/test_budget.py",
        "unit/test_closures.py",
        "unit/test_e[fr]*.py",
        "unit/test_pauses.py",
        "unit/test_retry.py",
        "component/test_beat.py",
        "component/test_strange_messages.py",
        "component/test_wrong_clocks.py",
        "unit/test_runs.py",
        "unit/test_ti[cm]*.py",
    ),
    "orders": (
        "component/test_cli_orders*.py",
        "component/test_engine_co*.py",
        "component/test_engine_hostile.py",
        "component/test_engine_import.py",
        "component/test_engine_late_cancellations.py",
        "*/test_lost_time*.py",
        "component/test_engine_omissions.py",
        "component/test_engine_payments.py",
        "component/test_engine_privacy.py",
        "component/test_engine_status.py",
        "component/test_engine_unreadable_rows.py",
        "component/test_json_api_orders.py",
        "component/test_rules_*.py",
        "e2e/test_call_counts.py",
        "e2e/test_database_set_back.py",
        "e2e/test_day_*.py",
        "e2e/test_lost_answers.py",
        "e2e/test_refusals.py",
        "unit/test_co*.py",
        "unit/test_eligibility.py",
        "unit/test_i*.py",
        "unit/test_money.py",
        "unit/test_payment*.py",
        "unit/test_readings.py",
        "unit/test_rules.py",
        "unit/test_s[hk]*.py",
        "unit/test_splitting.py",
        "unit/test_statuses.py",
        "unit/test_windows.py",
    ),
    "shipments": (
        "component/test_*returns.py",
        "component/test_engine_late_cancellations.py",
        "component/test_engine_payments.py",
        "contract/test_l*.py",
        "e2e/test_day_*.py",
        "e2e/test_lost_answers.py",
        "unit/test_carriers.py",
        "unit/test_dispatches.py",
        "unit/test_settlements.py",
        "unit/test_shipments.py",
        "unit/test_tracking.py",
    ),
    "stock": (
        "component/test_*stock.py",
        "component/test_engine_hostile_pushes.py",
        "component/test_full_compare*.py",
        "component/test_warehouse_secured.py",
        "contract/test_stock_target.py",
        "unit/test_compares.py",
        "unit/test_s[hk]*.py",
        "unit/test_stock.py",
    ),
    "warehouse": (
        "component/test_cli_orders_moves.py",
        "component/test_json_api_orders.py",
        "component/test_warehouse_*.py",
        "unit/test_targets.py",
        "unit/test_warehouse.py",
    ),
    "carts": (
        "component/test_engine_tokens.py",
        "component/test_http_deadline.py",
        "component/test_shopserve_*.py",
        "component/test_cart_clocks.py",
        "component/test_thebase_*.py",
        "contract/*",
        "unit/test_accounts.py",
    ),
    "postgres": (
        "component/test_backups.py",
        "component/test_database_clock.py",
        "component/test_places_*.py",
        "component/test_schema.py",
        "component/test_statement.py",
    ),
    "console": (
        "component/test_cli_*.py",
        "component/test_json_api_*.py",
        "unit/test_notation.py",
    ),
    "simulator": ("component/test_simulator_*.py",),
    "machine": (
        "component/test_benchmarks_run.py",
        "component/test_cli_machine.py",
        "component/test_cli_without_redis.py",
        "component/test_cli_wrong_schema.py",
        "component/test_deploy_files.py",
        "component/test_embedded_servers.py",
        "component/test_settings_table.py",
        "e2e/test_demo.py",
        "e2e/test_up*.py",
    ),
    "docs": (
        "unit/test_glossary.py",
        "unit/test_numbered_rules.py",
        "unit/test_rooms.py",
        "unit/test_rules_table.py",
    ),
}


def rooms_of(file: str) -> list[str]:
    """Return the rooms of a test file. Args: file: its path below tests/."""
    return [
        room
        for room, patterns in ROOMS.items()
        if any(fnmatch(file, pattern) for pattern in patterns)
    ]

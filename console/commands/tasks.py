"""`renkei tasks`: orders as they came (タスク一覧)."""

import click

from adapters.postgres.views.tasks import list_tasks, show_task, to_convert
from console.failures import Failed
from console.output import Column, print_json, print_lines, shown
from console.session import Session, leaf
from console.waiting import DEFAULT_TIMEOUT_S
from console.words import ID, known_shop, shop_of
from domain.orders.eligibility import TaskState

COLUMNS = (
    Column("id", right=True),
    Column("shop"),
    Column("key"),
    Column("state"),
    Column("ordered_at", "ordered"),
    Column("listed_at", "listed"),
    Column("instructions", "出荷指示"),
    Column("reason"),
)


@click.group()
def tasks() -> None:
    """The task list (タスク一覧): every order a shop's list named."""


@tasks.command("list")
@click.option("--shop", metavar="KEY", help="Only this shop.")
@click.option(
    "--state", type=click.Choice([word.value for word in TaskState]), help="Only in this state."
)
@leaf
def show_all(session: Session, shop: str | None, state: str | None) -> None:
    """Print tasks, oldest first."""
    with session.work() as (connection, merchant_id):
        known_shop(connection, merchant_id, shop)
        rows = list_tasks(connection, merchant_id, shop=shop, state=state)
    session.show(rows, COLUMNS)


@tasks.command("show")
@click.argument("task_id", type=ID, metavar="ID")
@leaf
def show_one(session: Session, task_id: int) -> None:
    """Print one task with the cart's own answer."""
    with session.work() as (connection, merchant_id):
        found = show_task(connection, merchant_id, task_id)
    if found is None:
        raise Failed(f"no task {task_id}: see `renkei tasks list`")
    if session.as_json:
        print_json(found)
        return
    raw = found.pop("raw")
    print_lines(f"{name}: {shown(value)}" for name, value in found.items())
    print_json(raw)


@tasks.command("convert")
@click.argument("task_ids", nargs=-1, type=ID, metavar="[ID]...")
@click.option("--shop", metavar="KEY", help="Only this shop.")
@click.option("--wait", is_flag=True, help="Wait until it is done.")
@click.option("--timeout", type=click.FloatRange(min=0), default=DEFAULT_TIMEOUT_S, metavar="S")
@leaf
def convert(
    session: Session, task_ids: tuple[int, ...], shop: str | None, wait: bool, timeout: float
) -> None:
    """Convert the stored answers again (IMP-6); without IDs, all that are not converted."""
    from console.replays import convert_tasks  # noqa: PLC0415 -- loads cryptography
    from console.requested_runs import announce, follow_all  # noqa: PLC0415
    from console.waiting import Waiter  # noqa: PLC0415

    with session.work() as (connection, merchant_id):
        if shop is not None:
            shop_of(connection, merchant_id, shop)
        chosen = to_convert(connection, merchant_id, shop=shop, ids=task_ids)
        found = {task_id for keys in chosen.values() for task_id in keys}
        missing = sorted(set(task_ids) - found)
        if missing:
            raise Failed(f"no task {missing[0]}: see `renkei tasks list`")
        run_ids = convert_tasks(session, connection, chosen)
        detail: dict[str, object] = {"tasks": len(found), "runs": run_ids}
        session.audit(connection, merchant_id, "tasks.convert", shop or "all", detail=detail)
    announce(session, run_ids)
    if not found and not session.as_json:
        print_lines(["nothing to convert"])
    waiter = Waiter(session.engine, timeout) if wait else None
    follow_all(session, {"tasks": sorted(found)}, run_ids, waiter)

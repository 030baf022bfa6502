"""`renkei tasks`: orders as they came (タスク一覧)."""

import click

from adapters.postgres.views.tasks import list_tasks, show_task, to_convert
from console.failures import CommandFailed
from console.output import columns, print_json, print_lines, shown
from console.session import Session, add_list, leaf
from console.words import ID, ONLY_SHOP, TIMEOUT, WAIT, only_state, shop_of
from domain.orders.eligibility import TaskState
from workers.places import secret_box

COLUMNS = columns("id, shop, key, state, ordered_at, listed_at, instructions=出荷指示, reason")


@click.group()
def tasks() -> None:
    """The task list (タスク一覧): every order a shop's list named."""


add_list(
    tasks,
    "Print tasks, oldest first.",
    list_tasks,
    COLUMNS,
    ONLY_SHOP,
    only_state(word.value for word in TaskState),
)


@tasks.command("show")
@click.argument("task_id", type=ID, metavar="ID")
@leaf
def show_one(session: Session, task_id: int) -> None:
    """Print one task with the cart's own answer."""
    with session.work() as (connection, merchant_id):
        found = show_task(connection, merchant_id, task_id)
    if found is None:
        raise CommandFailed(f"no task {task_id}: see `renkei tasks list`")
    if session.as_json:
        print_json(found)
        return
    raw = found.pop("raw")
    print_lines(f"{name}: {shown(value)}" for name, value in found.items())
    print_json(raw)


@tasks.command("convert")
@click.argument("task_ids", nargs=-1, type=ID, metavar="[ID]...")
@ONLY_SHOP
@WAIT
@TIMEOUT
@leaf
def convert(
    session: Session, task_ids: tuple[int, ...], shop: str | None, wait: bool, timeout: float
) -> None:
    """Convert the stored answers again (IMP-6); without IDs, all that are not converted."""
    from console.requested_runs import follow_all  # noqa: PLC0415
    from workers.services.runs import convert_tasks  # noqa: PLC0415 -- loads what a shop is made of

    with session.change() as (connection, actor):
        if shop is not None:
            shop_of(connection, actor.merchant_id, shop)
        chosen = to_convert(connection, actor.merchant_id, shop=shop, ids=task_ids)
        found = {task_id for keys in chosen.values() for task_id in keys}
        missing = sorted(set(task_ids) - found)
        if missing:
            raise CommandFailed(f"no task {missing[0]}: see `renkei tasks list`")
        run_ids = convert_tasks(
            connection, actor, secret_box(session.settings), chosen, subject=shop or "all"
        )
    said = [] if found else ["nothing to convert"]
    follow_all(session, {"tasks": sorted(found)}, said, run_ids, wait_s=timeout if wait else None)

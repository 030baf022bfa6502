"""`renkei dead`: what nobody tries again until a person says so."""

import click

from adapters.postgres.views.dead_letters import list_dead
from console.failures import Wrong
from console.output import columns
from console.session import Session, add_list, leaf
from console.words import ACTION, ID, ONLY_ACTION, ONLY_SHOP, TIMEOUT, WAIT, only_state, shop_of
from domain.engine.runs import LetterState
from workers.places import secret_box

COLUMNS = columns("id, shop, action, key, state, attempts, first_failed_at, last_failed_at, reason")


@click.group()
def dead() -> None:
    """Dead letters: items that failed for good."""


add_list(
    dead,
    "Print dead letters of every state, oldest first.",
    list_dead,
    COLUMNS,
    ONLY_SHOP,
    ONLY_ACTION,
    only_state(state.value for state in LetterState),
)


@dead.command("replay")
@click.argument("ids", nargs=-1, type=ID, metavar="[ID]...")
@click.option("--shop", metavar="KEY", help="All open ones of this shop.")
@click.option("--action", type=ACTION, metavar="A", help="With --shop: only this action.")
@click.option("--reason", default="", help="Why; kept with the dead letter.")
@WAIT
@TIMEOUT
@leaf
def replay(
    session: Session,
    ids: tuple[int, ...],
    shop: str | None,
    action: str | None,
    reason: str,
    wait: bool,
    timeout: float,
) -> None:
    """Try dead letters once more: those named, or all open ones of a shop."""
    from console.requested_runs import follow_all  # noqa: PLC0415 -- as below
    from workers.services import dead_letters  # noqa: PLC0415 -- loads what a shop is made of

    if bool(ids) == bool(shop):
        raise Wrong("give IDs or --shop KEY")
    with session.change(reason) as (connection, actor):
        if shop is not None:
            shop_of(connection, actor.merchant_id, shop)
        asked = dead_letters.replay(
            connection, actor, secret_box(session.settings), ids=ids, shop=shop, action=action
        )
    said = [f"{len(asked.letters)} dead letters are tried again"]
    answer: dict[str, object] = {"replayed": asked.letters}
    follow_all(session, answer, said, asked.runs, wait_s=timeout if wait else None)


@dead.command("discard")
@click.argument("ids", nargs=-1, required=True, type=ID, metavar="ID...")
@click.option("--reason", required=True, help="Why; kept with the dead letter.")
@leaf
def discard(session: Session, ids: tuple[int, ...], reason: str) -> None:
    """Give dead letters up."""
    from workers.services import dead_letters  # noqa: PLC0415 -- as above

    if not reason.strip():
        raise Wrong("--reason is not blank")
    with session.change(reason.strip()) as (connection, actor):
        chosen = dead_letters.discard(connection, actor, ids)
    session.tell({"discarded": chosen}, f"{len(chosen)} dead letters discarded")

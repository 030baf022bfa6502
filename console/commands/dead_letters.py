"""`renkei dead`: what nobody tries again until a person says so."""

import click

from adapters.postgres.engine.dead_letters import choose, decide, list_dead
from console.failures import Wrong
from console.output import Column, print_lines
from console.session import Session, actor, leaf
from console.waiting import DEFAULT_TIMEOUT_S
from console.words import ACTION, ID, known_shop, shop_of
from domain.engine.runs import LetterState

STATES = [state.value for state in LetterState]
COLUMNS = (
    Column("id", right=True),
    Column("shop"),
    Column("action"),
    Column("key"),
    Column("state"),
    Column("attempts", right=True),
    Column("first_failed_at", "first failed"),
    Column("last_failed_at", "last failed"),
    Column("reason"),
)


@click.group()
def dead() -> None:
    """Dead letters: items that failed for good."""


@dead.command("list")
@click.option("--shop", metavar="KEY", help="Only this shop.")
@click.option("--action", type=ACTION, metavar="A", help="Only this action.")
@click.option("--state", type=click.Choice(STATES), help="Only in this state.")
@leaf
def show(session: Session, shop: str | None, action: str | None, state: str | None) -> None:
    """Print dead letters of every state, oldest first."""
    with session.work() as (connection, merchant_id):
        known_shop(connection, merchant_id, shop)
        rows = list_dead(connection, merchant_id, shop=shop, action=action, state=state)
    session.show(rows, COLUMNS)


@dead.command("replay")
@click.argument("ids", nargs=-1, type=ID, metavar="[ID]...")
@click.option("--shop", metavar="KEY", help="All open ones of this shop.")
@click.option("--action", type=ACTION, metavar="A", help="With --shop: only this action.")
@click.option("--reason", default="", help="Why; kept with the dead letter.")
@click.option("--wait", is_flag=True, help="Wait until it is done.")
@click.option("--timeout", type=click.FloatRange(min=0), default=DEFAULT_TIMEOUT_S, metavar="S")
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
    from console.replays import replay_letters  # noqa: PLC0415 -- loads cryptography
    from console.requested_runs import announce, follow_all  # noqa: PLC0415
    from console.waiting import Waiter  # noqa: PLC0415

    if bool(ids) == bool(shop):
        raise Wrong("give IDs or --shop KEY")
    with session.work() as (connection, merchant_id):
        if shop is not None:
            shop_of(connection, merchant_id, shop)
        letters = choose(connection, merchant_id, ids=ids, shop=shop, action=action)
        chosen = [letter.id for letter in letters]
        run_ids = replay_letters(session, connection, letters)
        decide(connection, chosen, state=LetterState.REPLAYED, actor=actor(), reason=reason)
        detail: dict[str, object] = {"ids": chosen, "runs": run_ids}
        subject = shop or ", ".join(map(str, chosen))
        session.audit(connection, merchant_id, "dead.replay", subject, reason=reason, detail=detail)
    announce(session, run_ids)
    if not session.as_json:
        print_lines([f"{len(chosen)} dead letters are tried again"])
    waiter = Waiter(session.engine, timeout) if wait else None
    follow_all(session, {"replayed": chosen}, run_ids, waiter)


@dead.command("discard")
@click.argument("ids", nargs=-1, required=True, type=ID, metavar="ID...")
@click.option("--reason", required=True, help="Why; kept with the dead letter.")
@leaf
def discard(session: Session, ids: tuple[int, ...], reason: str) -> None:
    """Give dead letters up."""
    if not reason.strip():
        raise Wrong("--reason is not blank")
    with session.work() as (connection, merchant_id):
        chosen = [letter.id for letter in choose(connection, merchant_id, ids=ids)]
        decide(
            connection, chosen, state=LetterState.DISCARDED, actor=actor(), reason=reason.strip()
        )
        subject = ", ".join(map(str, chosen))
        session.audit(
            connection,
            merchant_id,
            "dead.discard",
            subject,
            reason=reason.strip(),
            detail={"ids": chosen},
        )
    session.tell({"discarded": chosen}, f"{len(chosen)} dead letters discarded")

"""`renkei rules`: what is changed in an order before it is stored (変換ロボット, 処理ロボット)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click

from console.failures import Wrong
from console.output import columns, print_lines
from console.rule_input import read_rule, rule_of_options
from console.session import Session, add_list, leaf
from console.words import ID, ONLY_SHOP, shop_of, whole
from domain.orders.rules import Rule
from workers.places import secret_box
from workers.services.rules import add_rule, change_rule, remove_rule, rule_documents

COLUMNS = columns(
    "id, shop, position, enabled=on, standard, name, if, then",
    **{"if": lambda row: _phrases(row, "if"), "then": lambda row: _phrases(row, "then")},
)
POSITION = whole(1)
MOST_TRIED = 10_000


@click.group()
def rules() -> None:
    """Rules that change new shipping instructions before they are stored.

    Standard rules are part of the conversion and come first; then the shop's own run in their
    order, each seeing what the ones before it did, so a later one overrides an earlier one. What
    is stored already is left alone.
    """


add_list(rules, "Print rules in the order in which they run.", rule_documents, COLUMNS, ONLY_SHOP)


@rules.command("add")
@click.argument("file", metavar="[FILE.json]", required=False)
@click.option("--shop", required=True, metavar="KEY")
@click.option("--name", metavar="NAME", help="Without a file: what the rule is called.")
@click.option("--when", multiple=True, metavar="CONDITION", help="All of them have to hold.")
@click.option("--then", multiple=True, metavar="STEP", help="Taken in their order.")
@click.option("--position", type=POSITION, metavar="N", help="1 = the first; default: the last.")
@click.option("--off", is_flag=True, help="Keep it switched off for now.")
@leaf
def add(
    session: Session,
    file: str | None,
    shop: str,
    name: str | None,
    when: tuple[str, ...],
    then: tuple[str, ...],
    position: int | None,
    off: bool,
) -> None:
    """Add a rule: from a JSON file (`-` is standard input), or from --name, --when and --then.

    \b
    {"name": "gift", "if": [{"field": "remarks", "operator": "contains", "values": ["ギフト"]}],
     "then": [{"verb": "hold", "value": "備考確認"}]}
    is the same as
    --name gift --when remarks~ギフト --then hold=備考確認

    \b
    CONDITION  FIELD=VALUE equals, FIELD~PART contains, FIELD= is blank, FIELD=@FIELD equals another
               field; with ! before the sign: does not. In JSON also in_list.
    STEP       FIELD=VALUE, method=METHOD, hold=REASON, release[=REASON], await_arrival
    """  # noqa: D301 -- click's mark for lines it must not join
    if (file is None) == (name is None):
        raise Wrong("a rule comes from a FILE.json, or from --name with --when and --then")
    if file is not None and (when or then):
        raise Wrong("--when and --then do not go with a file")
    rule = _rule_of(file, name or "", when, then, off=off)
    with session.change_shop(shop) as (connection, actor, found):
        added = add_rule(connection, actor, found, rule, position=position)
    place = f"{shop}: rule {added['id']} ({rule.name}) added as number {added['position']}"
    session.tell(added, place if added["enabled"] else f"{place}, switched off")


@rules.command("set")
@click.argument("rule_id", type=ID, metavar="ID")
@click.option("--on/--off", "on", default=None, help="Switch it on or off.")
@click.option("--position", type=POSITION, metavar="N", help="1 = the first of the shop's own.")
@leaf
def change(session: Session, rule_id: int, on: bool | None, position: int | None) -> None:
    """Switch a rule on or off, or let it run at another place."""
    if on is None and position is None:
        raise Wrong("nothing to set: give --on, --off or --position")
    with session.change() as (connection, actor):
        now = change_rule(connection, actor, rule_id, on=on, position=position)
    place = "" if now["position"] is None else f", number {now['position']}"
    state = "on" if now["enabled"] else "off"
    session.tell(now, f"rule {rule_id} ({now['name']}) is {state}{place}")


@rules.command("remove")
@click.argument("rule_id", type=ID, metavar="ID")
@leaf
def remove(session: Session, rule_id: int) -> None:
    """Forget a rule of a shop's own; a standard rule can only be switched off."""
    with session.change() as (connection, actor):
        gone = remove_rule(connection, actor, rule_id)
    session.tell(gone, f"{gone['shop']}: rule {rule_id} ({gone['name']}) removed")


@rules.command("try")
@click.argument("file", metavar="[FILE.json]", required=False)
@click.option("--shop", required=True, metavar="KEY")
@click.option(
    "--limit",
    type=whole(1, MOST_TRIED),
    default=50,
    show_default=True,
    metavar="N",
    help="Orders looked at, newest first.",
)
@leaf
def attempt(session: Session, file: str | None, shop: str, limit: int) -> None:
    """Show what rules would change in the shop's latest orders; writes nothing.

    With a file: what that rule would add to the stored ones, as the last of them. Without: what
    the stored rules do, compared with none. The orders are the cart's answers in the task list.
    """
    from workers.services.rule_trial import try_rules  # noqa: PLC0415 -- loads both carts

    added = None if file is None else read_rule(file)
    with session.work() as (connection, merchant_id):
        found = shop_of(connection, merchant_id, shop)
        answer = try_rules(connection, found, secret_box(session.settings), added, limit=limit)
    if session.as_json:
        session.tell(answer)
    else:
        print_lines(_trial_lines(answer))


def _rule_of(
    file: str | None, name: str, when: tuple[str, ...], then: tuple[str, ...], *, off: bool
) -> Rule:
    if file is None:
        return rule_of_options(name, when, then, enabled=not off)
    rule = read_rule(file)
    return replace(rule, enabled=False) if off else rule


def _trial_lines(found: Mapping[str, Any]) -> list[str]:
    """Return a trial for people: only what would change, and what was left out."""
    lines = [
        f"{row['number']}: {each['field']}: {each['before']!r} → {each['after']!r}"
        for row in found["instructions"]
        for each in row["changes"]
    ]
    lines += [f"{row['key']}: left out: {row['reason']}" for row in found["left_out"]]
    many = len(found["instructions"])
    lines.append(
        f"{found['orders']} orders looked at, {many} 出荷指示, {found['changed']} would change;"
        " nothing was written"
    )
    return lines


def _phrases(row: dict[str, Any], name: str) -> str:
    """Return conditions or steps in few words."""
    return "; ".join(_phrase(each) for each in row[name])


def _phrase(part: dict[str, object]) -> str:
    """Return one condition (`remarks not contains ギフト`) or one step (`hold 備考確認`)."""
    values = part.get("values")
    if isinstance(values, list):
        no = "not " if part.get("negated") else ""
        return f"{part['field']} {no}{part['operator']} {' '.join(values)}".strip()
    return " ".join(str(part[word]) for word in ("verb", "field", "value") if part.get(word))

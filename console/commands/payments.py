"""`renkei payment`: what the payment methods of a ShopServe shop mean (PAY-1)."""

from collections.abc import Iterable

import click

from console.failures import Wrong
from console.output import columns, warn
from console.session import Session, leaf
from console.words import shop_of
from domain.errors import BrokenRule
from domain.orders.cart_order import PaymentClass
from domain.orders.instructions import JAPANESE, reasons
from domain.orders.payment_methods import SETTABLE
from domain.orders.payments import PaymentStanding

_SHOP = click.option("--shop", required=True, metavar="KEY")
_COLUMNS = columns(
    "method, names, as, said_by, waiting=orders waiting", **{"as": lambda row: row["as"] or "?"}
)


@click.group()
def payment() -> None:
    """Payment methods (支払方法) of a ShopServe shop, and what each means for us."""


@payment.command("list")
@_SHOP
@leaf
def show(session: Session, shop: str) -> None:
    """Print what each method means, and which orders wait for one that nobody knows."""
    from workers.services.payments import payment_rows  # noqa: PLC0415 -- loads the cart's words

    with session.work() as (connection, merchant_id):
        rows = payment_rows(connection, shop_of(connection, merchant_id, shop))
    session.show(
        [
            {
                "shop": shop,
                "method": row.method,
                "names": list(row.names),
                "as": row.means,
                "said_by": row.said_by,
                "waiting": list(row.waiting),
            }
            for row in rows
        ],
        _COLUMNS,
    )


@payment.command("set")
@_SHOP
@click.option("--method", required=True, help="Code or name, as orders tell it.")
@click.option("--as", "means", required=True, type=click.Choice([one.value for one in SETTABLE]))
@leaf
def change(session: Session, shop: str, method: str, means: str) -> None:
    """Say what a method means; orders on hold because nobody knew it are decided anew.

    prepaid: ready once 入金済. deferred: ready once 与信OK. card: ready at once, settlement is
    requested before it is shipped. cod, none: ready at once. Orders returned before are listed;
    nothing is requested for them.
    """
    from workers.services.payments import set_payment  # noqa: PLC0415 -- loads the cart's words

    try:
        with session.change_shop(shop) as (connection, actor, found):
            came = set_payment(connection, actor, found, method.strip(), PaymentClass(means))
    except BrokenRule as error:
        raise Wrong(str(error)) from error
    session.tell(
        {
            "shop": shop,
            "method": method.strip(),
            "as": means,
            "decided": [_decided(part.number, standing) for part, standing in came.decided],
            "returned": came.returned,
            "to_settle": came.to_settle,
            "undecided": came.undecided,
            "warnings": came.warnings,
        },
        f"{shop}: {method.strip()} → {means}",
        *(_line(part.number, standing) for part, standing in came.decided),
        *_named("returned, completed by the new class", came.returned),
        *_named("card now: request settlement (決済依頼) in ShopServe yourself", came.to_settle),
        *_named("on hold until the next sync_status reads them, no answer kept", came.undecided),
    )
    for sentence in came.warnings:
        warn(sentence)


def _decided(number: str, standing: PaymentStanding) -> dict[str, object]:
    return {
        "number": number,
        "status": standing.status,
        "payment": standing.payment,
        "hold_reasons": list(reasons(standing.holds)),
    }


def _line(number: str, standing: PaymentStanding) -> str:
    said = ", ".join(reasons(standing.holds))
    words = f"{standing.status.value} {JAPANESE[standing.status]}, {standing.payment.value}"
    return f"{number}: {words}  {said}".rstrip()


def _named(says: str, numbers: Iterable[str]) -> Iterable[str]:
    named = ", ".join(numbers)
    return [f"{says}: {named}"] if named else []

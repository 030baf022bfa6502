"""`renkei shop`: shops (店舗), their credentials, settings and kill switch."""

import sys

import click

from adapters.postgres.shops.robots import list_robots, park
from adapters.postgres.views.shops import list_shops
from console.commands.robots import document as robot_document
from console.failures import Failed, Wrong
from console.output import Column, print_json, print_lines, print_table, shown
from console.session import Session, leaf
from console.words import ACTION, CART, KEY, action_for, shop_of
from domain.carts.cart import Cart

COLUMNS = (
    Column("key"),
    Column("name"),
    Column("cart"),
    Column("parked"),
    Column("parked_actions", "parked actions"),
    Column("authorized", "authorised"),
    Column("auth_failed_at", "refused since"),
    Column("refresh_expires_at", "authorised until"),
    Column("calls_per_second", "calls/s", right=True),
    Column("in_flight", "in flight", right=True),
)
WHY = "Why; kept with who and when."


@click.group()
def shop() -> None:
    """Shops (店舗): one merchant's shop on one cart."""


@shop.command("add")
@click.argument("key", type=KEY)
@click.option("--cart", type=CART, required=True)
@click.option("--name", required=True, help="What people call the shop.")
@click.option("--api-url", metavar="URL", help="Default: the cart's own address.")
@click.option("--auth-url", metavar="URL", help="Base address of /1/oauth/…; default: --api-url.")
@click.option("--secrets-stdin", is_flag=True, help="Read one JSON object from standard input.")
@leaf
def add(
    session: Session,
    key: str,
    cart: str,
    name: str,
    api_url: str | None,
    auth_url: str | None,
    secrets_stdin: bool,
) -> None:
    """Add a shop with every robot of its cart, switched on.

    Secrets: ShopServe {"shop_id","manager_key"}; BASE {"client_id","client_secret",
    "redirect_uri"} and, when already authorised, {"access_token","refresh_token"}.
    """
    from adapters.postgres.shops.shops import NewShop, add_shop  # noqa: PLC0415 -- loads cryptography
    from console.secrets_input import ask_secrets, read_secrets  # noqa: PLC0415
    from console.shop_values import web_address  # noqa: PLC0415
    from workers.places import secret_box  # noqa: PLC0415

    kind, now = Cart(cart), session.now()
    api, auth = (web_address(url) if url else None for url in (api_url, auth_url))
    secrets = read_secrets(kind, now) if secrets_stdin else ask_secrets(kind)
    with session.work() as (connection, merchant_id):
        new = NewShop(
            merchant_id=merchant_id,
            key=key,
            cart=kind,
            name=name,
            credentials=secrets.credentials,
            api_url=api,
            auth_url=auth,
            tokens=secrets.tokens,
        )
        add_shop(connection, new, secret_box(session.settings), now)
        detail = {"cart": cart, "name": name, "authorized": secrets.tokens is not None}
        session.audit(connection, merchant_id, "shop.add", key, detail=dict(detail))
        row = list_shops(connection, merchant_id, key)[0]
    todo = [] if row["authorized"] else [f"authorise it with `renkei shop authorize {key}`"]
    session.tell(row, f"shop {key} added", *todo)


@shop.command("list")
@leaf
def show_all(session: Session) -> None:
    """Print the merchant's shops."""
    with session.work() as (connection, merchant_id):
        rows = list_shops(connection, merchant_id)
    session.show(rows, COLUMNS)


@shop.command("show")
@click.argument("key")
@leaf
def show_one(session: Session, key: str) -> None:
    """Print one shop with its robots; never its secrets."""
    with session.work() as (connection, merchant_id):
        rows = list_shops(connection, merchant_id, key)
        if not rows:
            raise Failed(f"no shop {key}: see `renkei shop list`")
        robots = [robot_document(one) for one in list_robots(connection, merchant_id, key)]
    if session.as_json:
        print_json({**rows[0], "robots": robots})
        return
    print_lines(f"{name}: {shown(value)}" for name, value in rows[0].items())
    print_table(
        robots,
        [Column("action"), Column("cadence"), Column("enabled", "on"), Column("next_due_at")],
    )


@shop.command("authorize")
@click.argument("key")
@click.option("--code", help="The code BASE sent back to the redirect address.")
@leaf
def authorize(session: Session, key: str, code: str | None) -> None:
    """Print the address where a BASE shop's owner consents; with --code, take the tokens."""
    from console.authorisation import authorise_url, exchange  # noqa: PLC0415 -- HTTP is slow

    if code is None:
        url = authorise_url(session, key)
        session.tell(
            {"shop": key, "url": url},
            url,
            f"open it, consent, then: renkei shop authorize {key} --code CODE",
        )
        return
    ends = exchange(session, key, code.strip())
    session.tell(
        {"shop": key, "authorized": True, "refresh_expires_at": ends},
        f"{key} is authorised until {shown(ends)}, and longer as long as it is in use",
    )


@shop.command("test")
@click.argument("key")
@leaf
def test(session: Session, key: str) -> None:
    """Make one call that proves the credentials."""
    from console.authorisation import try_connection  # noqa: PLC0415 -- HTTP is slow

    name = try_connection(session, key)
    session.tell({"shop": key, "ok": True, "name": name}, f"{key} answers: {name}")


@shop.command("park")
@click.argument("key")
@click.option("--action", type=ACTION, metavar="A", help="Only this action.")
@click.option("--reason", default="", help=WHY)
@leaf
def park_one(session: Session, key: str, action: str | None, reason: str) -> None:
    """Turn the kill switch on: nothing is called, nothing is dropped."""
    _switch(session, key, action, reason, parked=True)


@shop.command("unpark")
@click.argument("key")
@click.option("--action", type=ACTION, metavar="A", help="Only this action.")
@click.option("--reason", default="", help=WHY)
@leaf
def unpark_one(session: Session, key: str, action: str | None, reason: str) -> None:
    """Turn the kill switch off: everything resumes where it stood."""
    _switch(session, key, action, reason, parked=False)


@shop.command("set")
@click.argument("key")
@click.argument("pairs", nargs=-1, metavar="NAME=VALUE...")
@click.option("--secrets-stdin", is_flag=True, help="New credentials, as with `shop add`.")
@leaf
def change(session: Session, key: str, pairs: tuple[str, ...], secrets_stdin: bool) -> None:
    """Change settings or the credentials of a shop.

    Names: calls_per_second, in_flight, default_method, overlap_s, name, api_url, auth_url.
    """
    from adapters.postgres.shops.shop_changes import replace_credentials, set_values  # noqa: PLC0415 -- loads cryptography
    from adapters.postgres.shops.tokens import store_tokens  # noqa: PLC0415
    from console.secrets_input import checked  # noqa: PLC0415
    from console.shop_values import read_values  # noqa: PLC0415
    from workers.places import secret_box  # noqa: PLC0415

    if not pairs and not secrets_stdin:
        raise Wrong("nothing to set: give NAME=VALUE or --secrets-stdin")
    raw = sys.stdin.buffer.read() if secrets_stdin else b""
    with session.work() as (connection, merchant_id):
        found = shop_of(connection, merchant_id, key)
        values = read_values(found.cart, pairs)
        set_values(connection, found.id, values)
        if secrets_stdin:
            now, box = session.now(), secret_box(session.settings)
            secrets = checked(found.cart, raw, now)
            replace_credentials(connection, found.id, secrets.credentials, box)
            if secrets.tokens:
                store_tokens(connection, found.id, secrets.tokens, now, box)
        detail = {**values, "credentials_replaced": secrets_stdin}
        session.audit(connection, merchant_id, "shop.set", key, detail=detail)
        row = list_shops(connection, merchant_id, key)[0]
    session.tell(row, *(f"{key}: {name} = {shown(row[name])}" for name in values))


@shop.command("remove")
@click.argument("key")
@leaf
def remove(session: Session, key: str) -> None:
    """Remove a shop: its runs stop, its secrets are erased, its orders stay."""
    from adapters.postgres.shops.shop_changes import remove_shop  # noqa: PLC0415 -- loads cryptography
    from workers.places import secret_box  # noqa: PLC0415

    with session.work() as (connection, merchant_id):
        found = shop_of(connection, merchant_id, key)
        remove_shop(connection, found.id, secret_box(session.settings))
        session.audit(connection, merchant_id, "shop.remove", key)
    session.tell({"shop": key, "removed": True}, f"shop {key} removed")


def _switch(session: Session, key: str, action: str | None, reason: str, *, parked: bool) -> None:
    with session.work() as (connection, merchant_id):
        found = shop_of(connection, merchant_id, key)
        chosen = action_for(found.cart, action) if action else None
        park(connection, found.id, chosen, parked=parked)
        did = "shop.park" if parked else "shop.unpark"
        told = {"action": chosen}
        session.audit(connection, merchant_id, did, key, reason=reason.strip(), detail=told)
        row = list_shops(connection, merchant_id, key)[0]
    what = f"{key} {chosen}" if chosen else key
    session.tell(row, f"{what} is {'parked' if parked else 'not parked any more'}")

"""`renkei shop`: shops (店舗), their credentials, settings and kill switch."""

import sys
from dataclasses import asdict

import click

from adapters.postgres.views.shops import list_shops
from console.failures import Wrong
from console.output import columns, print_json, print_lines, print_table, shown
from console.session import Session, add_list, leaf
from console.words import CART, KEY, ONLY_ACTION, action_for, shop_of
from domain.carts.cart import Cart
from domain.errors import SyncError
from workers.places import secret_box
from workers.services.credentials import NEEDED, Secrets, checked
from workers.services.robots import robot_documents

COLUMNS = columns(
    "key, name, cart, account, parked, parked_actions, authorized=authorised, "
    "auth_failed_at=refused since, unserved_since=not served since, next_probe_at=next probe, "
    "lost_time_at=lost time, refresh_expires_at=authorised until, "
    "unreturned=shipped not returned, calls_per_second=calls/s, in_flight, removed_at"
)


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
    """Add a shop with every robot of its cart, switched on; a removed one comes back as it was.

    Secrets: ShopServe {"shop_id","manager_key"}; BASE {"client_id","client_secret",
    "redirect_uri"} and, when already authorised, {"access_token","refresh_token"}.
    """
    from console.shop_values import web_address  # noqa: PLC0415
    from workers.services.shops import ShopWish, add_shop  # noqa: PLC0415 -- loads what a shop is made of

    kind, now = Cart(cart), session.now()
    api, auth = (web_address(url) if url else None for url in (api_url, auth_url))
    secrets = checked(kind, sys.stdin.buffer.read(), now) if secrets_stdin else _ask_secrets(kind)
    wish = ShopWish(key, kind, name, secrets, api, auth)
    with session.change() as (connection, actor):
        added = add_shop(connection, actor, secret_box(session.settings), wish, now)
        row = list_shops(connection, actor.merchant_id, key)[0]
    todo = [] if row["authorized"] else [f"authorise it with `renkei shop authorize {key}`"]
    said = came_back(key, added.revived) if added.revived else [f"shop {key} added"]
    session.tell({**row, "revived": added.revived}, *said, *todo)


REMOVED = click.option("--removed", is_flag=True, help="Shops that were removed instead.")
add_list(shop, "Print the merchant's shops.", list_shops, COLUMNS, REMOVED)


@shop.command("show")
@click.argument("key")
@leaf
def show_one(session: Session, key: str) -> None:
    """Print one shop with its robots; never its secrets."""
    with session.work() as (connection, merchant_id):
        shop_of(connection, merchant_id, key)
        (row,) = list_shops(connection, merchant_id, key)
        robots = robot_documents(connection, merchant_id, key)
    if session.as_json:
        print_json({**row, "robots": robots})
        return
    print_lines(f"{name}: {shown(value)}" for name, value in row.items())
    print_table(robots, columns("action, cadence, enabled=on, next_due_at=next_due_at"))


@shop.command("authorize")
@click.argument("key")
@click.option("--code", help="The code BASE sent back to the redirect address.")
@leaf
def authorize(session: Session, key: str, code: str | None) -> None:
    """Print the address where a BASE shop's owner consents; with --code, take the tokens."""
    from workers.services.cart_calls import authorise_url, exchange_code  # noqa: PLC0415 -- HTTP is slow

    with session.change_shop(key) as (_, actor, found):
        if found.cart is not Cart.BASE:
            what = f"{key} is a {found.cart} shop"
            raise Wrong(f"{what}: it needs no authorisation, only its secrets")
    settings, engine = session.settings, session.engine
    if code is None:
        url = authorise_url(settings, engine, found)
        session.tell(
            {"shop": key, "url": url},
            url,
            f"open it, consent, then: renkei shop authorize {key} --code CODE",
        )
        return
    done = exchange_code(settings, engine, actor, found, code.strip(), now=session.now())
    session.tell(
        {
            "shop": key,
            "authorized": True,
            "refresh_expires_at": done.ends,
            "account": done.account,
            "revived": done.was,
        },
        f"{key} is authorised until {shown(done.ends)}, and longer as long as it is in use",
        *(came_back(key, done.was) if done.was else ()),
        *(
            ()
            if done.account
            else ("the cart cannot be asked now; its first run asks whose it is",)
        ),
    )


@shop.command("test")
@click.argument("key", required=False)
@click.option("--all", "every", is_flag=True, help="Test every shop of the merchant.")
@leaf
def test(session: Session, key: str | None, every: bool) -> None:
    """Make one call that proves the credentials; what works again is not locked out any more."""
    if (key is None) is not every:
        raise Wrong("name one shop, or give --all")
    if key is None:
        _test_all(session)
        return
    answer = _tested(session, key)
    session.tell(answer, f"{key} answers: {answer['name']} ({answer['account']})")


def _tested(session: Session, key: str) -> dict[str, object]:
    from workers.services.cart_calls import try_connection  # noqa: PLC0415 -- HTTP is slow

    with session.change_shop(key) as (_, actor, found):
        pass
    told = try_connection(session.settings, session.engine, actor, found, session.now())
    return {"shop": key, "ok": True, "name": told.name, "account": told.account}


def _test_all(session: Session) -> None:
    """Test shop by shop, and print what each answered. Exits 1 unless every one works."""
    with session.work() as (connection, merchant_id):
        keys = [str(row["key"]) for row in list_shops(connection, merchant_id)]
    rows: list[dict[str, object]] = []
    for key in keys:
        try:
            rows.append({**_tested(session, key), "error": None})
        except SyncError as error:
            silent = {"name": None, "account": None}
            rows.append({"shop": key, "ok": False, **silent, "error": str(error)})
    session.show(rows, columns("shop, ok, name, account, error"))
    if not all(row["ok"] for row in rows):
        raise click.exceptions.Exit(1)


def _add_switch(name: str, says: str, *, parked: bool) -> None:
    """Add the command that turns the kill switch on or off."""

    @shop.command(name, help=says)
    @click.argument("key")
    @ONLY_ACTION
    @click.option("--reason", default="", help="Why; kept with who and when.")
    @leaf
    def command(session: Session, /, key: str, action: str | None, reason: str) -> None:
        from workers.services.shops import park_shop  # noqa: PLC0415 -- loads what a shop is made of

        with session.change_shop(key, reason.strip()) as (connection, actor, found):
            chosen = action_for(found.cart, action) if action else None
            park_shop(connection, actor, found, chosen, parked=parked)
            row = list_shops(connection, actor.merchant_id, key)[0]
        what = f"{key} {chosen}" if chosen else key
        lines = () if parked else _still_stands(row)
        session.tell(row, f"{what} is {'parked' if parked else 'not parked any more'}", *lines)


def _still_stands(row: dict[str, object]) -> list[str]:
    """Return why a shop that is not parked stands still all the same, and what to do (CLS-10)."""
    key, again = row["key"], f"it is tried again at {shown(row['next_probe_at'])}"
    if row["auth_failed_at"]:
        told = f"but the cart refuses its credentials since {shown(row['auth_failed_at'])}: {again}"
        return [told, f"see `renkei shop test {key}`, then authorize it or set its secrets anew"]
    if row["unserved_since"]:
        since = shown(row["unserved_since"])
        return [f"but it is not served since {since} ({row['unserved_reason']}): {again}"]
    return []


ON = "Turn the kill switch on: nothing is called, nothing is dropped."
OFF = "Turn the kill switch off: everything resumes where it stood."
_add_switch("park", ON, parked=True)
_add_switch("unpark", OFF, parked=False)


@shop.command("set")
@click.argument("key")
@click.argument("pairs", nargs=-1, metavar="NAME=VALUE...")
@click.option("--secrets-stdin", is_flag=True, help="New credentials, as with `shop add`.")
@leaf
def change(session: Session, key: str, pairs: tuple[str, ...], secrets_stdin: bool) -> None:
    """Change settings or the credentials of a shop.

    `renkei shop settings KEY` lists the names with their values and meanings.
    """
    from console.shop_values import as_set, read_values  # noqa: PLC0415
    from workers.services.shops import ShopChange, change_shop  # noqa: PLC0415 -- loads what a shop is made of

    if not pairs and not secrets_stdin:
        raise Wrong("nothing to set: give NAME=VALUE or --secrets-stdin")
    raw, now = sys.stdin.buffer.read() if secrets_stdin else b"", session.now()
    with session.work() as (connection, merchant_id):
        found = shop_of(connection, merchant_id, key)
    values = read_values(found.cart, pairs)
    secrets = checked(found.cart, raw, now) if secrets_stdin else None
    wish = ShopChange(values, secrets)
    if found.cart is Cart.BASE and (secrets is not None or "api_url" in values):
        from workers.services.cart_calls import proven_account  # noqa: PLC0415 -- HTTP is slow

        wish = proven_account(session.settings, session.engine, found, wish, now)
    with session.change_shop(key) as (connection, actor, found):
        change_shop(connection, actor, found, wish, box=secret_box(session.settings), now=now)
        row = list_shops(connection, actor.merchant_id, key)[0]
    said = [f"{key}: {name} = {shown(as_set(row[name]))}" for name in values]
    if secrets is not None:
        said.append(f"{key}: credentials changed; prove them with `renkei shop test {key}`")
    session.tell(row, *said)


@shop.command("settings")
@click.argument("key")
@leaf
def settings(session: Session, key: str) -> None:
    """Print every setting of a shop with its value and meaning; `shop set` changes them."""
    from console.shop_values import describe_values  # noqa: PLC0415

    with session.work() as (connection, merchant_id):
        found = shop_of(connection, merchant_id, key)
        row = list_shops(connection, merchant_id, key)[0]
    session.show(describe_values(found.cart, row), columns("name, value, meaning"))


@shop.command("remove")
@click.argument("key")
@click.option(
    "--abandon", is_flag=True, help="Give up what is open: orders the cart never hears of."
)
@click.option("--reason", default="", metavar="TEXT", help="Why; needed with --abandon.")
@leaf
def remove(session: Session, key: str, abandon: bool, reason: str) -> None:
    """Remove a shop: its runs stop, its secrets are erased, its orders stay.

    Refused while something is open in it. Added again, the shop comes back with its orders.
    """
    from workers.services.shops import counted, remove_shop  # noqa: PLC0415 -- loads a shop's parts

    if abandon and not reason.strip():
        raise Wrong("--abandon needs --reason TEXT")
    with session.change_shop(key, reason.strip()) as (connection, actor, found):
        box = secret_box(session.settings)
        left = remove_shop(connection, actor, found, box, abandon=abandon)
    said = [f"shop {key} removed"]
    if left:
        said.append(f"given up: {counted(left)}")
    if left.waiting:
        said.append("its waiting orders keep their pieces secured: ship or cancel them here")
    session.tell({"shop": key, "removed": True, "abandoned": asdict(left)}, *said)


NOT_ASKED = "the cart cannot be asked now whose shop it is: its first run will"


def came_back(key: str, was: str) -> list[str]:
    """Return what is said of a shop that was removed and is back."""
    renamed = f", as {key}" if key != was else ""
    return [
        f"shop {was} is back{renamed}, with its orders, cursor, mappings, rules and settings",
        f"see what is switched off or parked in it: renkei shop show {key}",
    ]


def _ask_secrets(cart: Cart) -> Secrets:
    """Ask for each secret on the terminal. Raises Wrong without a terminal."""
    if not sys.stdin.isatty():
        names = ", ".join(NEEDED[cart])
        raise Wrong(f"give the secrets ({names}) as one JSON object with --secrets-stdin")
    return Secrets({name: click.prompt(name, hide_input=True, err=True) for name in NEEDED[cart]})

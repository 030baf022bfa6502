"""`renkei api-client`: programs that may call the JSON API."""

import click

from adapters.postgres.views.merchants import list_clients
from console.failures import CommandFailed
from console.output import columns
from console.session import Session, add_list, leaf
from console.words import KEY
from domain.access import Scope
from workers.services.access import add_client, revoke_client

SCOPE = click.Choice([scope.value for scope in Scope])


@click.group("api-client")
def api_client() -> None:
    """Programs that may call the JSON API, such as the warehouse's system."""


@api_client.command("add")
@click.argument("name", type=KEY)
@click.option(
    "--scope",
    "scopes",
    type=SCOPE,
    multiple=True,
    required=True,
    metavar="SCOPE",
    help=f"May be given several times: {', '.join(Scope)}.",
)
@leaf
def add(session: Session, name: str, scopes: tuple[str, ...]) -> None:
    """Add a client and print its token, once."""
    with session.change() as (connection, actor):
        token = add_client(connection, actor, name, [Scope(scope) for scope in scopes])
    session.tell(
        {"name": name, "scopes": sorted(scopes), "token": token},
        f"{name} may call the API with this token; it is not shown again:",
        token,
    )


add_list(
    api_client,
    "Print the clients, revoked ones too.",
    list_clients,
    columns("name, scopes, created_at, last_used_at, revoked_at"),
)


@api_client.command("revoke")
@click.argument("name")
@leaf
def revoke(session: Session, name: str) -> None:
    """End a client's access at once."""
    with session.change() as (connection, actor):
        if not revoke_client(connection, actor, name):
            raise CommandFailed(f"no API client {name}: see `renkei api-client list`")
    session.tell({"name": name}, f"{name} may not call the API any more")

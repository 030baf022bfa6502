"""The import contracts name every room: a new one is inside them or stands in them by name."""

import tomllib
from pathlib import Path

from adapters.postgres import views

ROOT = Path(__file__).parents[2]
CONTRACTS = {
    one["id"]: one
    for one in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
}
# What every room may know: how to open, run and migrate, and what is common to all of them.
COMMON = {
    "clock",
    "database",
    "connections",
    "outages",
    "statement",
    "schema",
    "migrations",
    "revision",
    "errors",
}


def _rooms(package: str) -> set[str]:
    """Return the rooms of a package, modules that stand alone among them."""
    folder = ROOT / package.replace(".", "/")
    found = {one.stem for one in folder.iterdir() if one.suffix == ".py" or one.is_dir()}
    return {f"{package}.{one}" for one in found if not one.startswith("_") and one not in COMMON}


def test_the_engine_is_forbidden_every_room_but_its_own() -> None:
    rooms = _rooms("domain") | _rooms("adapters.postgres") | _rooms("workers")
    engines = {room for room in rooms if room.endswith(".engine")}
    alone = {"workers.app", "workers.logs", "workers.names", "workers.places", "workers.settings"}

    forbidden = set(CONTRACTS["engine-apart"]["forbidden_modules"])

    assert rooms - engines - alone <= forbidden


def test_the_console_is_forbidden_every_room_of_the_database_but_the_views() -> None:
    rooms = _rooms("adapters.postgres") - {"adapters.postgres.views"}

    forbidden = set(CONTRACTS["console-writes-through-services"]["forbidden_modules"])

    assert rooms <= forbidden


def test_views_only_read() -> None:
    folder = Path(views.__file__).parent
    writing = ("insert into", "update ", "delete from", "for update", "for no key update")
    statements = {one.name: one.read_text(encoding="utf-8").lower() for one in folder.glob("*.py")}

    assert statements
    assert not [
        (name, word) for name, text in statements.items() for word in writing if word in text
    ]

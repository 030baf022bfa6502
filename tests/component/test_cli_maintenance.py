"""`renkei maintenance`."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from tests.component.command_line import CommandLine


def test_the_calendars_next_occurrence_is_listed_with_an_id(renkei: CommandLine) -> None:
    (row,) = renkei.read("maintenance", "list")

    assert list(row) == ["id", "cart", "api", "from", "to", "source"]
    assert (row["cart"], row["api"], row["source"]) == ("shopserve", "all", "calendar")
    begins = datetime.fromisoformat(row["from"])
    assert (begins.weekday(), begins.hour) == (2, 2)
    assert 15 <= begins.day <= 21
    assert renkei.read("maintenance", "list") == [row]


def test_a_cancelled_occurrence_gives_way_to_the_next(renkei: CommandLine) -> None:
    (first,) = renkei.read("maintenance", "list")
    renkei.ok("maintenance", "remove", str(first["id"]))
    (second,) = renkei.read("maintenance", "list")

    assert second["from"] > first["from"]
    assert renkei("maintenance", "remove", str(first["id"])).code == 1


def test_a_closure_is_announced_and_ended(renkei: CommandLine) -> None:
    now = datetime.now(UTC)
    until = (now + timedelta(hours=2)).isoformat()
    made = renkei.read(
        *("maintenance", "add", "--cart", "thebase", "--api", "orders"),
        *("--from", now.isoformat(), "--to", until),
    )
    listed = [row["id"] for row in renkei.read("maintenance", "list")]
    renkei.ok("maintenance", "remove", str(made["id"]))

    assert (made["cart"], made["api"], made["source"]) == ("thebase", "orders", "person")
    assert made["id"] in listed
    assert made["id"] not in [row["id"] for row in renkei.read("maintenance", "list")]


def test_times_without_an_offset_are_tokyos(renkei: CommandLine) -> None:
    made = renkei.read(
        *("maintenance", "add", "--cart", "thebase"),
        *("--from", "2099-01-01T02:00", "--to", "2098-12-31T23:00:00Z"),
    )

    assert made["from"] == "2099-01-01T02:00:00+09:00"
    assert made["to"] == "2099-01-01T08:00:00+09:00"


def test_a_closure_that_is_over_is_wrong_usage(renkei: CommandLine) -> None:
    words = ("maintenance", "add", "--cart", "thebase", "--from", "2020-01-01", "--to")

    assert renkei(*words, "2020-01-02").code == 2


def test_a_detected_closure_can_be_ended_by_hand(renkei: CommandLine, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into closures (cart, api, starts_at, source)"
                " values ('thebase', 'stock', now(), 'detected')"
            )
        )
    found = next(row for row in renkei.read("maintenance", "list") if row["source"] == "detected")

    renkei.ok("maintenance", "remove", str(found["id"]))

    assert found["to"] is None
    assert all(row["source"] != "detected" for row in renkei.read("maintenance", "list"))

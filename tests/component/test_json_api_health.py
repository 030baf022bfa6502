"""The console: alive, ready, and its figures for Prometheus."""

import socket
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from sqlalchemy import text

from domain.access import Scope
from tests.component.json_api import Api, Console, problem
from tests.component.warehouse_samples import SHIP, Warehouse


def figures(exposition: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Values by name and labels' values."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
    }


def test_a_healthy_console_is_alive_and_ready(api: Api) -> None:
    nobody = api.with_token(None)

    assert nobody.get("/healthz").json() == {"status": "ok"}
    ready = nobody.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {
        "status": "ok",
        "database": "ok",
        "migrations": "ok",
        "broker": "ok",
        "workers": "none",
    }


def test_an_older_database_is_not_ready(api: Api) -> None:
    with api.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0000'"))

    answer = api.with_token(None).get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["migrations"] == "behind"


def test_plc_4_a_newer_database_is_not_ready_and_the_log_says_what_to_do(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    assert api.with_token(None).get("/readyz").status_code == 200
    with api.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))

    answers = [api.with_token(None).get("/readyz") for _ in range(3)]

    assert [one.status_code for one in answers] == [503] * 3
    assert answers[0].json()["migrations"] == "ahead"
    assert caplog.text.count("newer version (schema 9999") == 1


def test_without_servers_it_is_alive_but_not_ready_and_says_nothing_of_them(
    console: Console, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refuses
        port = taken.getsockname()[1]
        database = f"postgresql+psycopg://u:secret@127.0.0.1:{port}/d"
        with console.serve(database, f"redis://127.0.0.1:{port}/0", tmp_path) as lost:
            nobody = lost.with_token(None)
            alive, ready = nobody.get("/healthz"), nobody.get("/readyz")
            metrics, orders = nobody.get("/metrics"), lost.with_token("t").get("/api/v1/orders")

    assert alive.status_code == 200
    assert ready.status_code == 503
    assert set(ready.json().values()) == {"not ready", "unreachable"}
    assert figures(metrics.text)["renkei_up", ("database",)] == 0
    problem(orders, 503)
    assert orders.headers["retry-after"] == "5"
    assert "secret" not in ready.text + orders.text


def test_ret_01_metrics_and_lists_count_what_the_cart_does_not_know_of(api: Api) -> None:
    warehouse = Warehouse.open(api.engine)
    client = api.client(warehouse)
    for number in ("1", "2", "3", "4"):
        warehouse.order(number, {"A": 1})
    for number in ("1", "2", "3"):
        warehouse.do(SHIP, number)
    with api.engine.begin() as connection:
        set_to = "update instructions set"
        connection.execute(text(f"{set_to} shipped_on = current_date + 1 where number = '2'"))
        connection.execute(text(f"{set_to} api_status = 'tracking_returned' where number = '3'"))

    found = figures(api.with_token(None).get("/metrics").text)
    listed = client.get("/api/v1/orders", params={"unreturned": "true"}).json()["orders"]

    assert found["renkei_shipments_unreturned", ("thebase",)] == 2
    assert found["renkei_shipments_unreturned_late", ("thebase",)] == 1
    assert [order["number"] for order in listed] == ["1", "2"]


def test_metrics_count_open_dead_letters_calls_and_queues(api: Api, redis_url: str) -> None:
    warehouse = Warehouse.open(api.engine)
    shop = warehouse.shop()
    with api.engine.begin() as connection:
        connection.execute(
            text(
                "insert into dead_letters (shop_id, action, key, run_id, reason, attempts)"
                " values (:shop, 'sync_stock', 'A', 1, 'x', 1)"
            ),
            {"shop": shop.id},
        )
        connection.execute(
            text(
                "insert into call_counts (shop_id, hour, calls)"
                " values (:shop, date_trunc('hour', now()), 42)"
            ),
            {"shop": shop.id},
        )
        connection.execute(
            text("insert into runs (shop_id, action, mode) values (:shop, 'sync_stock', 'manual')"),
            {"shop": shop.id},
        )
        connection.execute(
            text(
                "insert into run_items (run_id, shop_id, action, key, priority, due_at)"
                " select id, shop_id, action, 'A', 1, now() - interval '90 seconds' from runs"
            )
        )
    with Redis.from_url(redis_url) as broker:
        broker.lpush("renkei:stock", "a", "b")

    found = figures(api.with_token(None).get("/metrics").text)

    assert found["renkei_dead_letters_open", ("sync_stock",)] == 1
    assert found["renkei_cart_calls_this_hour", ("thebase",)] == 42
    assert found["renkei_runs_unfinished", ("sync_stock", "pending")] == 1
    assert found["renkei_items_open", ("sync_stock", "due")] == 1
    assert 90 <= found["renkei_items_due_lag_seconds", ("sync_stock",)] < 200
    assert found["renkei_queue_length", ("stock",)] == 2
    assert found["renkei_queue_length", ("orders",)] == 0
    assert found["renkei_up", ("database",)] == found["renkei_up", ("broker",)] == 1


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_metrics_through_a_proxy_need_a_token_with_their_scope(api: Api, header: str) -> None:
    warehouse = Warehouse.open(api.engine)
    through = {header: "127.0.0.1"}

    problem(api.with_token(None).get("/metrics", headers=through), 401)
    for scope, status in ((Scope.ORDERS_READ, 403), (Scope.METRICS_READ, 200)):
        caller = api.client(warehouse, scope, name=scope.value)
        assert caller.get("/metrics", headers=through).status_code == status

"""The JSON API: tokens, scopes, limits, failures without internals."""

import logging

import httpx
import pytest
from sqlalchemy import text

from adapters.postgres.access.api_clients import revoke_client
from domain.access import Scope
from tests.component.command_line import CommandLine
from tests.component.json_api import Api, problem
from tests.component.warehouse_samples import Warehouse

PATHS = {
    ("GET", "/api/v1/orders"): Scope.ORDERS_READ,
    ("POST", "/api/v1/orders/tote/1/allocate"): Scope.ORDERS_WRITE,
    ("POST", "/api/v1/orders/tote/1/return"): Scope.ORDERS_WRITE,
    ("GET", "/api/v1/stock"): Scope.STOCK_READ,
    ("PUT", "/api/v1/stock/A"): Scope.STOCK_WRITE,
    ("POST", "/api/v1/stock/batch"): Scope.STOCK_WRITE,
    ("GET", "/api/v1/runs"): Scope.RUNS_READ,
    ("GET", "/api/v1/runs/1"): Scope.RUNS_READ,
    ("GET", "/api/v1/dead-letters"): Scope.DEAD_READ,
    ("POST", "/api/v1/dead-letters/1/replay"): Scope.DEAD_WRITE,
    ("POST", "/api/v1/dead-letters/1/discard"): Scope.DEAD_WRITE,
}


@pytest.fixture
def warehouse(api: Api) -> Warehouse:
    return Warehouse.open(api.engine)


def test_without_a_valid_token_nothing_is_answered(api: Api, warehouse: Warehouse) -> None:
    revoked = api.client(warehouse, name="gone")
    with api.engine.begin() as connection:
        assert revoke_client(connection, warehouse.merchant_id, "gone")

    for caller in (
        api.with_token(None),
        api.with_token("wrong"),
        api.with_token("x" * 5000),
        revoked,
    ):
        for method, path in PATHS:
            answer = caller.request(method, path)
            problem(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"


def test_each_endpoint_needs_its_own_scope(api: Api, warehouse: Warehouse) -> None:
    for scope in Scope:
        caller = api.client(warehouse, scope, name=scope.value)
        for (method, path), needed in PATHS.items():
            answer = caller.request(method, path)
            assert (answer.status_code == 403) == (scope is not needed), (scope, method, path)


def test_every_endpoint_of_the_api_is_behind_a_token(api: Api) -> None:
    nobody = api.with_token(None)
    paths = nobody.get("/api/openapi.json").json()["paths"]
    protected = [path for path in paths if path.startswith("/api/")]

    assert len(protected) >= 18
    for path in protected:
        for method in paths[path]:
            place = path.replace("{run_id}", "1").replace("{letter_id}", "1")
            assert nobody.request(method.upper(), place).status_code == 401, (method, path)


def test_a_token_is_kept_as_a_hash_only_and_its_use_is_noted(
    api: Api, warehouse: Warehouse
) -> None:
    caller = api.client(warehouse)
    token = caller.headers["authorization"].removeprefix("Bearer ")
    caller.get("/api/v1/orders")

    with api.engine.begin() as connection:
        row = connection.execute(text("select * from api_clients")).one()
        everything = str(tuple(row))

    assert token not in everything
    assert row.last_used_at is not None


def test_a_client_made_on_the_command_line_works_until_it_is_revoked(
    api: Api, renkei: CommandLine
) -> None:
    made = renkei.read("api-client", "add", "wms", "--scope", "orders:read")
    caller = api.with_token(made["token"])

    assert caller.get("/api/v1/orders").status_code == 200
    assert made["token"] not in renkei.ok("api-client", "list").out
    renkei.ok("api-client", "revoke", "wms")
    assert caller.get("/api/v1/orders").status_code == 401
    assert renkei("api-client", "revoke", "wms").code == 1


def test_two_live_clients_cannot_share_a_name(renkei: CommandLine) -> None:
    renkei.ok("api-client", "add", "wms", "--scope", "orders:read")

    answer = renkei("api-client", "add", "wms", "--scope", "orders:read")

    assert answer.code == 1
    assert "wms exists already" in answer.err


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_above_the_limit_is_refused(api: Api, warehouse: Warehouse, announced: bool) -> None:
    caller = api.client(warehouse)
    body = b'{"on_hand": 1' + b" " * 1_100_000 + b"}"
    content = body if announced else iter([body[:600_000], body[600_000:]])

    answer = caller.put("/api/v1/stock/A", content=content)

    problem(answer, 413)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/v1/nothing", 404), ("DELETE", "/api/v1/orders", 405), ("GET", "/", 404)],
)
def test_what_does_not_exist_is_a_problem_document(
    api: Api, method: str, path: str, status: int
) -> None:
    problem(api.with_token(None).request(method, path), status)


def test_broken_json_is_named_without_repeating_it(api: Api, warehouse: Warehouse) -> None:
    caller = api.client(warehouse)

    answer = caller.put("/api/v1/stock/A", content=b'{"on_hand": secret}')

    problem(answer, 422)
    assert "secret" not in answer.text


def test_a_wrong_value_is_named_without_repeating_it(api: Api, warehouse: Warehouse) -> None:
    answer = api.client(warehouse).put("/api/v1/stock/A", json={"on_hand": "secret"})

    assert "on_hand" in problem(answer, 422)
    assert "secret" not in answer.text


def test_a_bug_answers_without_internals_and_logs_without_data(
    api: Api, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    caller = api.client(warehouse)
    with api.engine.begin() as connection:
        connection.execute(text("alter table skus rename to skus_away"))

    with caplog.at_level(logging.INFO):
        answer = caller.put("/api/v1/stock/SKU-OF-SOMEBODY", json={"on_hand": 1})

    assert problem(answer, 500) == "unexpected failure; it was logged"
    logged = "\n".join(str(vars(record)) for record in caplog.records if "console" in record.name)
    assert "UndefinedTable" in logged
    token = caller.headers["authorization"].removeprefix("Bearer ")
    assert token not in caplog.text
    assert token not in logged


def test_the_openapi_document_describes_scopes_bodies_and_problems(api: Api) -> None:
    document = api.with_token(None).get("/api/openapi.json").json()

    ship = document["paths"]["/api/v1/orders/{shop}/{number}/ship"]["post"]
    assert ship["security"]
    assert "Shipment" in str(ship["requestBody"])
    assert "application/problem+json" in ship["responses"]["409"]["content"]
    assert "ProblemDocument" in document["components"]["schemas"]
    assert any(one["name"] == "Idempotency-Key" for one in ship["parameters"])


def test_the_client_library_gets_its_answers_over_a_kept_connection(
    api: Api, warehouse: Warehouse
) -> None:
    caller = api.client(warehouse, limits=httpx.Limits(max_connections=1))

    for _ in range(20):
        assert caller.get("/api/v1/stock").status_code == 200

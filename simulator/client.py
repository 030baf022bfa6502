"""A small synchronous client of the control API, for tests, the demo and the benchmarks."""

from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

Document = dict[str, Any]

_TIMEOUT_S = 120.0


class SimulatorError(Exception):
    """The simulator could not do what was asked; the message is its answer."""


@dataclass(frozen=True, slots=True)
class SimulatedShop:
    """One shop of the simulator.

    Attributes:
        key: its name in the control API.
        cart: `shopserve` or `thebase`.
        account: the cart's own id of the shop.
        merchant: shops of one merchant offer the same goods.
        api_url: what a client of the cart gets as base address.
        secrets: what a client of the cart signs in with.
        items: one row per stock figure: item, variation, sku, quantity, alert_threshold, unlimited.
        expected: what a first import should find (see README.md of this folder).
    """

    key: str
    cart: str
    account: str
    merchant: str
    api_url: str
    secrets: dict[str, str]
    items: list[Document]
    expected: Document


class SimulatorClient:
    """Turns and reads a running simulator."""

    def __init__(self, url: str) -> None:
        """Args: url: where the simulator listens, such as http://127.0.0.1:8080."""
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=f"{self.url}/_sim", timeout=_TIMEOUT_S, trust_env=False)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close_connections()

    def close_connections(self) -> None:
        """Close the connections."""
        self._http.close()

    def reset(self, seed: int = 0) -> None:
        """Forget every shop, fault, closure, effect and setting; restart chances at `seed`."""
        self._call("POST", "/reset", {"seed": seed})

    def seed(self, **plan: object) -> list[SimulatedShop]:
        """Make shops; the fields are those of `simulator.seed.plan.SeedPlan`."""
        shops = self._call("POST", "/seed", plan)["shops"]
        return [SimulatedShop(**shop) for shop in shops]

    def shops(self) -> list[SimulatedShop]:
        """Return every shop as it stands now."""
        return [SimulatedShop(**shop) for shop in self._call("GET", "/shops")["shops"]]

    def shop(self, shop: str) -> SimulatedShop:
        """Return one shop as it stands now: tokens, stock and expectations."""
        return SimulatedShop(**self._call("GET", f"/shops/{shop}"))

    def change_shop(self, shop: str, **changes: bool | int | None) -> Document:
        """Set hour_limit, day_limit, hour_calls, day_calls, consents or exists of a BASE shop."""
        return self._call("PATCH", f"/shops/{shop}", changes)

    def end_tokens(self, shop: str, which: str = "access") -> None:
        """End the `access` token, the `refresh` token or `both` of a BASE shop now."""
        self._call("POST", f"/shops/{shop}/tokens", {"end": which})

    def settings(self, **changes: object) -> Document:
        """Change settings, if any are given, and return all of them."""
        return self._call("PATCH", "/settings", changes)

    def orders(self, shop: str) -> list[Document]:
        """Return the facts of every order of a shop, oldest first."""
        return self._rows("GET", f"/orders/{shop}", "orders")

    def order(self, shop: str, key: str) -> Document:
        """Return one order: key, ordered_at, order (vendor's shape), facts."""
        return self._call("GET", f"/orders/{shop}/{key}")

    def add_order(self, shop: str, recipe: str = "card", **fields: object) -> Document:
        """Add an order of a recipe and return it as `order` does.

        Args:
            shop: where.
            recipe: the kind of order.
            fields: ordered_at (Unix seconds or ISO 8601), overrides, seed; or order, a whole
                order in the vendor's shape instead of a recipe.
        """
        return self._call("POST", f"/orders/{shop}", {"recipe": recipe, **fields})

    def change_order(self, shop: str, key: str, change: str, **arguments: object) -> Document:
        """Do to an order what the buyer, the bank or the shop's staff would do."""
        return self._call("POST", f"/orders/{shop}/{key}", {"change": change, **arguments})

    def effects(
        self,
        kinds: Iterable[str] = (),
        shop: str = "",
        since: int = 0,
    ) -> list[Document]:
        """Return log entries after the sequence number `since`, of some kinds, of one shop."""
        query = {"kind": ",".join(kinds), "shop": shop, "since": str(since)}
        return self._rows("GET", "/effects", "effects", query)

    def counters(self) -> Document:
        """Return effects (kind to count), effects_by_shop, calls and pace."""
        return self._call("GET", "/counters")

    def calls(self, shop: str = "", endpoint: str = "", outcome: str = "") -> int:
        """Return how many calls were made, of one shop, endpoint and outcome if given."""
        return sum(
            int(row["calls"])
            for row in self.counters()["calls"]
            if shop in ("", row["shop"])
            and endpoint in ("", row["endpoint"])
            and outcome in ("", row["outcome"])
        )

    def stock(self, shop: str) -> list[Document]:
        """Return the stock table of a shop."""
        return self._rows("GET", f"/stock/{shop}", "stock")

    def set_stock(self, shop: str, item: str, quantity: int, variation: str = "") -> None:
        """Change a stock figure as a sale or the shopkeeper would, without a log entry."""
        body = {"item": item, "variation": variation, "quantity": quantity}
        self._call("PUT", f"/stock/{shop}", body)

    def remove_item(self, shop: str, item: str) -> None:
        """Have a shop forget an item."""
        self._call("DELETE", f"/stock/{shop}/{item}")

    def add_fault(self, action: str, **rule: object) -> int:
        """Add a rule to the switchboard; the fields are those of `simulator.faults.Fault`."""
        return int(self._call("POST", "/faults", {"action": action, **rule})["id"])

    def faults(self) -> list[Document]:
        """Return the rules with their hits."""
        return self._rows("GET", "/faults", "faults")

    def remove_fault(self, number: int) -> None:
        """Remove one rule."""
        self._call("DELETE", f"/faults/{number}")

    def clear_faults(self) -> None:
        """Remove every rule."""
        self._call("DELETE", "/faults")

    def close(self, cart: str, api: str = "all", shop: str = "", status: int = 503) -> None:
        """Close a part of a cart for maintenance: api is `orders`, `stock` or `all`."""
        body = {"cart": cart, "api": api, "shop": shop, "status": status, "closed": True}
        self._call("PUT", "/closures", body)

    def open(self, cart: str, api: str = "all", shop: str = "") -> None:
        """Open a part that was closed."""
        body = {"cart": cart, "api": api, "shop": shop, "closed": False}
        self._call("PUT", "/closures", body)

    def _rows(
        self,
        method: str,
        path: str,
        name: str,
        query: dict[str, str] | None = None,
    ) -> list[Document]:
        rows: list[Document] = self._call(method, path, query=query)[name]
        return rows

    def _call(
        self,
        method: str,
        path: str,
        body: Document | None = None,
        query: dict[str, str] | None = None,
    ) -> Document:
        response = self._http.request(method, path, json=body, params=query)
        document: Document = response.json()
        if response.is_error:
            raise SimulatorError(f"{method} {path}: {document.get('error')}")
        return document

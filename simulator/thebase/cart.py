"""The BASE API as a whole: who calls, whether the call is within its limits, and the answer."""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.messages import Answer, Call, Target
from simulator.thebase import dispatch, items, oauth, orders
from simulator.thebase.answers import TOKEN_INVALID, ApiError, escaped, ok, read_form
from simulator.thebase.shop import BaseShop, Budget
from simulator.thebase.wire import DELIVERY_COMPANIES
from simulator.world import World

CART = "thebase"
_DETAIL = "/1/orders/detail"
_ITEM_DETAIL = "/1/items/detail"

Handler = Callable[[World, BaseShop, Call, str], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call of the API.

    Attributes:
        name: short name for counters and faults.
        family: `orders`, `stock` or `other`.
        method: the only HTTP method it takes.
        scope: the scope the access token needs, empty for none.
        handler: what answers; None for the token calls, which need no access token.
    """

    name: str
    family: str
    method: str
    scope: str
    handler: Handler | None


def _user(world: World, shop: BaseShop, call: Call, _argument: str) -> Answer:
    """Answer GET /1/users/me."""
    user: dict[str, object] = {
        "shop_id": shop.shop_id,
        "shop_name": shop.name,
        "shop_introduction": "",
        "shop_url": f"https://{shop.shop_id}.example.jp",
        **dict.fromkeys(("twitter_id", "facebook_id", "ameba_id", "instagram_id"), ""),
        "background": None,
        "display_background": 0,
        "repeat_background": 0,
        "logo": None,
        "display_logo": 0,
    }
    if "read_users_mail" in world.tokens.access[_bearer(call)].scopes:
        user["mail_address"] = f"shop@{shop.shop_id}.example.jp"
    return ok({"user": user})


def _companies(_world: World, _shop: BaseShop, _call: Call, _argument: str) -> Answer:
    """Answer GET /1/delivery_companies."""
    table = [
        {"delivery_company_id": number, "name": name} for number, name in DELIVERY_COMPANIES.items()
    ]
    return ok({"delivery_companies": table})


_ENDPOINTS = {
    "/1/oauth/authorize": Endpoint("oauth.authorize", "other", "GET", "", None),
    "/1/oauth/token": Endpoint("oauth.token", "other", "POST", "", None),
    "/1/users/me": Endpoint("users.me", "other", "GET", "read_users", _user),
    "/1/delivery_companies": Endpoint("delivery_companies", "other", "GET", "", _companies),
    "/1/orders": Endpoint("orders.list", "orders", "GET", "read_orders", orders.list_orders),
    _DETAIL: Endpoint("orders.detail", "orders", "GET", "read_orders", orders.show_order),
    "/1/orders/edit_status": Endpoint(
        "orders.edit_status",
        "orders",
        "POST",
        "write_orders",
        dispatch.edit_status,
    ),
    "/1/items": Endpoint("items.list", "stock", "GET", "read_items", items.list_items),
    _ITEM_DETAIL: Endpoint("items.detail", "stock", "GET", "read_items", items.show_item),
    "/1/items/edit_stock": Endpoint(
        "items.edit_stock",
        "stock",
        "POST",
        "write_items",
        items.edit_stock,
    ),
}
_UNKNOWN = Endpoint("unknown", "other", "", "", None)


def _find_endpoint(path: str) -> tuple[Endpoint, str]:
    """Return the endpoint of a path and the key at its end, empty when there is none."""
    plain = path.rstrip("/")
    if plain in _ENDPOINTS:
        return _ENDPOINTS[plain], ""
    parent, _, argument = plain.rpartition("/")
    if parent in (_DETAIL, _ITEM_DETAIL):
        return _ENDPOINTS[parent], argument
    return _UNKNOWN, ""


def _bearer(call: Call) -> str:
    """Return the access token a call carries."""
    scheme, _, token = call.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


class BaseCart:
    """Answers calls below `/base`."""

    def __init__(self, world: World) -> None:
        """Args: world: where the shops are."""
        self._world = world

    def target(self, call: Call) -> Target:
        """Return what a call is about."""
        endpoint, argument = _find_endpoint(call.path)
        shop = self._caller(call, endpoint)
        return Target(CART, endpoint.name, endpoint.family, shop, (argument,))

    def answer(self, call: Call, target: Target) -> Answer:
        """Do what the call asks for and return the answer."""
        try:
            return self._dispatch(call, target)
        except ApiError as error:
            return error.answer()

    def _caller(self, call: Call, endpoint: Endpoint) -> str:
        """Return the key of the shop a call is made for, empty when unknown."""
        if endpoint.name == "oauth.token":
            client_id, _ = oauth.client_of(call, read_form(call))
        elif endpoint.name == "oauth.authorize":
            client_id = call.query.get("client_id", "")
        else:
            token = self._world.tokens.access.get(_bearer(call))
            return "" if token is None else token.shop
        shop = self._world.shops_by_client.get(client_id)
        return "" if shop is None else shop.key

    def _dispatch(self, call: Call, target: Target) -> Answer:
        endpoint, argument = _find_endpoint(call.path)
        if endpoint is _UNKNOWN:
            return Answer(404, escaped({"error": "not_found", "error_description": ""}))
        if endpoint.name == "oauth.token":
            return oauth.token(self._world, call)
        if endpoint.handler is None:
            return oauth.authorize(self._world, call)
        if call.method != endpoint.method:
            raise ApiError("not_post_method" if endpoint.method == "POST" else "access_denied")
        shop = self._admit(call, target, endpoint.scope)
        return endpoint.handler(self._world, shop, call, argument)

    def _admit(self, call: Call, target: Target, scope: str) -> BaseShop:
        """Return the calling shop; refuse a bad token, a spent budget, a missing scope."""
        token = self._world.tokens.access.get(_bearer(call))
        shop = self._world.shops.get(target.shop)
        if token is None or token.ends_at <= call.at or not isinstance(shop, BaseShop):
            raise ApiError("invalid_request", TOKEN_INVALID)
        if not shop.exists:
            raise ApiError("invalid_request", TOKEN_INVALID)
        self._spend(shop.budget, call.at)
        if scope and scope not in token.scopes:
            raise ApiError("invalid_scope")
        return shop

    def _spend(self, budget: Budget, at: float) -> None:
        """Count a call; refuse it when the hour or the day is used up."""
        settings = self._world.settings
        budget.turn(at)
        day_limit = settings.day_limit if budget.day_limit is None else budget.day_limit
        hour_limit = settings.hour_limit if budget.hour_limit is None else budget.hour_limit
        if budget.day_calls >= day_limit:
            raise ApiError("day_api_limit")
        if budget.hour_calls >= hour_limit:
            raise ApiError("hour_api_limit")
        budget.hour_calls += 1
        budget.day_calls += 1

"""OAuth of BASE: consent, tokens, and refresh tokens that rotate."""

import base64
import binascii
from urllib.parse import urlencode

from simulator import effects
from simulator.messages import Answer, Call
from simulator.thebase import wire
from simulator.thebase.answers import ApiError, ok, read_form
from simulator.thebase.shop import BaseShop, Token
from simulator.world import World

_REQUIRED = ("redirect_uri", "grant_type")


def authorize(world: World, call: Call) -> Answer:
    """Answer GET /1/oauth/authorize as a shopkeeper who decides at once."""
    query = call.query
    shop = world.shops_by_client.get(query.get("client_id", ""))
    if shop is None:
        raise ApiError("unauthorized_client")
    redirect_uri = query.get("redirect_uri", "")
    if query.get("response_type") != "code" or redirect_uri != shop.redirect_uri:
        raise ApiError("invalid_request")
    scopes = frozenset(query.get("scope", wire.DEFAULT_SCOPE).split())
    if not scopes <= frozenset(wire.SCOPES):
        raise ApiError("invalid_scope")
    reply = {"error": "access_denied"}
    if shop.consents:
        code = world.new_token()
        ends_at = call.at + world.settings.code_s
        world.tokens.codes[code] = Token(shop.key, scopes, ends_at, redirect_uri)
        reply = {"code": code}
    if "state" in query:
        reply["state"] = query["state"]
    separator = "&" if "?" in redirect_uri else "?"
    location = f"{redirect_uri}{separator}{urlencode(reply)}"
    return Answer(302, b"", headers={"Location": location})


def client_of(call: Call, form: dict[str, str]) -> tuple[str, str]:
    """Return client id and secret from the form, else from HTTP Basic."""
    if "client_id" in form or "client_secret" in form:
        return form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = call.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return client_id, secret


def token(world: World, call: Call) -> Answer:
    """Answer POST /1/oauth/token for both grants."""
    if call.method != "POST":
        raise ApiError("access_denied")
    form = read_form(call)
    client_id, secret = client_of(call, form)
    if not client_id or not secret or not all(form.get(name) for name in _REQUIRED):
        raise ApiError("invalid_request")
    shop = world.shops_by_client.get(client_id)
    if shop is None or shop.client_secret != secret:
        raise ApiError("unauthorized_client")
    if not shop.exists:
        raise ApiError("access_denied", "ユーザーが存在しません。")
    if form["redirect_uri"] != shop.redirect_uri:
        raise ApiError("invalid_request")
    match form["grant_type"]:
        case "authorization_code":
            scopes = _take_code(world, shop, form, call.at)
            kind = effects.TOKEN_ISSUED
        case "refresh_token":
            scopes = _take_refresh_token(world, shop, form, call.at)
            kind = effects.TOKEN_REFRESHED
        case _:
            raise ApiError("invalid_request")
    issue(world, shop, scopes, call.at)
    world.note(shop, kind, shop.shop_id, call.at)
    return _issued(world, shop)


def _take_code(world: World, shop: BaseShop, form: dict[str, str], at: float) -> frozenset[str]:
    """Use up a code and return its scopes."""
    known = world.tokens.codes.pop(form.get("code", ""), None)
    if known is None or known.shop != shop.key:
        raise ApiError("invalid_request", "不正な認可コードです。")
    if known.ends_at <= at:
        raise ApiError("invalid_request", "認可コードの有効期限が切れています。")
    return known.scopes


def _take_refresh_token(
    world: World,
    shop: BaseShop,
    form: dict[str, str],
    at: float,
) -> frozenset[str]:
    """Use up a refresh token and return its scopes."""
    text = form.get("refresh_token", "")
    known = world.tokens.refresh.get(text)
    if known is None or known.shop != shop.key:
        raise ApiError("invalid_request", "不正なリフレッシュトークンです。")
    if known.ends_at <= at:
        raise ApiError("invalid_request", "リフレッシュトークンの有効期限が切れています。")
    del world.tokens.refresh[text]
    return known.scopes


def issue(world: World, shop: BaseShop, scopes: frozenset[str], at: float) -> None:
    """Give a shop a new pair of tokens; its older refresh token dies."""
    settings = world.settings
    world.tokens.refresh.pop(shop.refresh_token, None)
    shop.access_token, shop.refresh_token = world.new_token(), world.new_token()
    access = Token(shop.key, scopes, at + settings.access_token_s)
    world.tokens.access[shop.access_token] = access
    refresh = Token(shop.key, scopes, at + settings.refresh_token_s)
    world.tokens.refresh[shop.refresh_token] = refresh


def _issued(world: World, shop: BaseShop) -> Answer:
    return ok(
        {
            "access_token": shop.access_token,
            "token_type": "bearer",
            "expires_in": int(world.settings.access_token_s),
            "refresh_token": shop.refresh_token,
        },
    )

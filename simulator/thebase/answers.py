"""BASE's answers: escaped JSON, and refusals that are all HTTP 400."""

import json
from urllib.parse import parse_qsl

from simulator.messages import Answer, Call, Document

TOKEN_INVALID = "アクセストークンが無効です。"  # noqa: S105 - a text shown to callers
_ENCODER = json.JSONEncoder(separators=(",", ":"))
_FORM_TYPE = "application/x-www-form-urlencoded"
_DESCRIPTIONS = {
    "access_denied": "アクセスが拒否されました。",
    "bad_item_id": "不正なitem_idです。",
    "bad_params": "不正なパラメーターです。",
    "bad_variation_id": "不正なvariation_idです。",
    "day_api_limit": "1日のAPIの利用上限を超えました。日付が変わるまでお待ちください。",
    "hour_api_limit": "1時間のAPIの利用上限を超えました。次の時間までお待ちください。",
    "invalid_request": "不正なリクエストです。",
    "invalid_scope": "スコープが無効です。",
    "no_item": "商品が存在しません。",
    "no_item_id": "item_idがありません。",
    "no_order": "購入情報が存在しません。",
    "no_params": "必須パラメーターがありません。",
    "no_unique_key": "unique_keyがありません。",
    "not_post_method": "POSTでアクセスしてください。",
    "unauthorized_client": "クライアントが無効です。",
    "validation_error": "入力値が不正です。",
}
_DEFAULT_DESCRIPTION = "ステータスを変更できません。"


class ApiError(Exception):
    """The API refuses a call.

    Attributes:
        code: the `error` of the answer.
    """

    def __init__(self, code: str, description: str = "") -> None:
        """Args: code: the `error`. description: the text, empty for the usual one."""
        super().__init__(description or _DESCRIPTIONS.get(code, _DEFAULT_DESCRIPTION))
        self.code = code

    def answer(self) -> Answer:
        """Return the error body."""
        return Answer(400, escaped({"error": self.code, "error_description": str(self)}))


def escaped(document: object) -> bytes:
    """Return JSON in ASCII with slashes escaped, as BASE writes it."""
    return _ENCODER.encode(document).replace("/", "\\/").encode()


def ok(document: Document) -> Answer:
    """Return a 200 with a JSON body."""
    return Answer(200, escaped(document))


def read_form(call: Call) -> dict[str, str]:
    """Return the form fields of a POST; a body of another type has none."""
    if not call.headers.get("Content-Type", "").startswith(_FORM_TYPE):
        return {}
    return dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))


def read_count(text: str | None, default: int, highest: int) -> int:
    """Return a count given in a query; refuse one that is no number or too large."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or int(text) > highest:
        raise ApiError("bad_params")
    return int(text)


def read_id(text: str, error: str) -> int:
    """Return an id; refuse one that is no number with the given code."""
    if not (text.isascii() and text.isdigit()):
        raise ApiError(error)
    return int(text)

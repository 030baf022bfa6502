"""What ShopServe says when it refuses; the shape is not published, so several are read."""

import re

from adapters.http.reading import Field, parse_json
from domain.errors import Undecodable

_CODES = ("error_code", "code", "error")
_TEXTS = ("message", "error_message", "error_description")
_LISTS = ("errors", "details", "messages")
_LONGEST = 300
_TAGS = re.compile(r"<[^>]{0,500}>")
_SPACES = re.compile(r"\s+")


def refusal(body: bytes) -> tuple[str, str]:
    """Return the code and the text of a refusal, tags stripped and short."""
    try:
        answer = Field(parse_json(body), "")
        answer.object()
    except Undecodable:
        return "", _short(body[: 4 * _LONGEST].decode("utf-8", "replace"))
    code = _first(answer, _CODES)
    texts = [_first(answer, _TEXTS), *_details(answer)]
    return code[:50], _short(" ".join(text for text in texts if text))


def _details(answer: Field) -> list[str]:
    for name in _LISTS:
        value = answer[name].value
        if isinstance(value, list):
            entries = [Field(entry, name) for entry in value[:5]]
            return [_detail(entry) for entry in entries]
    return []


def _detail(entry: Field) -> str:
    if isinstance(entry.value, str):
        return entry.value
    if not isinstance(entry.value, dict):
        return ""
    return f"{_first(entry, ('field',))} {_first(entry, _TEXTS)}".strip()


def _first(answer: Field, names: tuple[str, ...]) -> str:
    values = (answer[name].value for name in names)
    return next((value for value in values if isinstance(value, str) and value), "")


def _short(text: str) -> str:
    return _SPACES.sub(" ", _TAGS.sub(" ", text)).strip()[:_LONGEST]

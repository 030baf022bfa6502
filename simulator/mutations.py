"""Answers as no vendor should send them: bodies spoilt or documents changed on the way out."""

import json
import random
from collections.abc import Callable
from typing import Any

from simulator.messages import HTML_TYPE, Answer, Document, encode

_HUGE_CHARACTERS = 5_000_000
_UNKNOWN_LITERAL = "SomethingNew"
_LITERAL_KEYS = frozenset(
    {
        "confirm_status",
        "shipping_status",
        "payment_status",
        "settlement_status",
        "folder",
        "dispatch_status",
        "status",
        "management_type",
    },
)

Change = Callable[[Any, random.Random], Any]


def _walk(value: Any, change: Callable[[Document], Document]) -> Any:  # noqa: ANN401 - any JSON
    """Return a JSON value with every object in it changed, innermost first."""
    if isinstance(value, dict):
        return change({key: _walk(inner, change) for key, inner in value.items()})
    if isinstance(value, list):
        return [_walk(inner, change) for inner in value]
    return value


def _missing_fields(document: Any, chance: random.Random) -> Any:  # noqa: ANN401 - any JSON
    """Drop one field of every object that has several."""

    def drop(each: Document) -> Document:
        if len(each) > 1:
            del each[chance.choice(sorted(each))]
        return each

    return _walk(document, drop)


def _extra_fields(document: Any, chance: random.Random) -> Any:  # noqa: ANN401 - any JSON
    """Add a field nobody documented to every object."""
    name = f"x_{chance.randrange(1000)}"
    return _walk(document, lambda each: {**each, name: {"nested": [1, None, "新項目"]}})


def _wrong_types(document: Any, chance: random.Random) -> Any:  # noqa: ANN401 - any JSON
    """Give one field of every object a value of another type."""

    def confuse(each: Document) -> Document:
        if each:
            name = chance.choice(sorted(each))
            each[name] = {"unexpected": True} if isinstance(each[name], list | str) else ["?"]
        return each

    return _walk(document, confuse)


def _numeric_strings(document: Any, _chance: random.Random) -> Any:  # noqa: ANN401 - any JSON
    """Turn every number into a string."""

    def quote(value: object) -> object:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return str(value) if is_number else value

    return _walk(document, lambda each: {key: quote(value) for key, value in each.items()})


def _unknown_literals(document: Any, _chance: random.Random) -> Any:  # noqa: ANN401 - any JSON
    """Replace every status by a word nobody documented."""

    def replace(each: Document) -> Document:
        known = {key for key in each.keys() & _LITERAL_KEYS if isinstance(each[key], str)}
        return {**each, **dict.fromkeys(sorted(known), _UNKNOWN_LITERAL)}

    return _walk(document, replace)


def _contents_key(document: Any, _chance: random.Random) -> Any:  # noqa: ANN401 - any JSON
    """Call the list of orders `contents`, as item searches do."""
    if isinstance(document, dict) and "orders" in document:
        document["contents"] = document.pop("orders")
    return document


def _huge(document: Any, _chance: random.Random) -> Any:  # noqa: ANN401 - any JSON
    """Add a text of several megabytes."""
    return {**document, "padding": "あ" * _HUGE_CHARACTERS}


MUTATIONS: dict[str, Change] = {
    "missing_fields": _missing_fields,
    "extra_fields": _extra_fields,
    "wrong_types": _wrong_types,
    "numeric_strings": _numeric_strings,
    "unknown_literals": _unknown_literals,
    "contents_key": _contents_key,
    "huge": _huge,
}


def mutate(answer: Answer, form: str, chance: random.Random) -> Answer:
    """Return a JSON answer with its document changed; other bodies stay as they are."""
    try:
        document = json.loads(answer.body)
    except ValueError:
        return answer
    body = encode(MUTATIONS[form](document, chance))
    return Answer(answer.status, body, answer.content_type, answer.headers)


def _truncated(answer: Answer) -> Answer:
    return Answer(answer.status, answer.body[: len(answer.body) // 2], answer.content_type)


def _html(answer: Answer) -> Answer:
    page = "<html><body>エラーが発生しました</body></html>"
    return Answer(answer.status, page.encode(), HTML_TYPE)


def _charset(answer: Answer) -> Answer:
    text = json.dumps({"message": "文字コードが違います"}, ensure_ascii=False)
    return Answer(answer.status, text.encode("euc_jp"), answer.content_type)


def _empty(answer: Answer) -> Answer:
    return Answer(answer.status, b"", answer.content_type)


def _array(answer: Answer) -> Answer:
    return Answer(answer.status, b"[]", answer.content_type)


SPOILINGS: dict[str, Callable[[Answer], Answer]] = {
    "truncated": _truncated,
    "html": _html,
    "charset": _charset,
    "empty": _empty,
    "array": _array,
}

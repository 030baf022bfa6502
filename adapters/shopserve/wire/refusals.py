"""What ShopServe says when it refuses; the shape is not published, so several are read."""

from adapters.http.calls import parse_json
from adapters.http.reading import legible, word
from domain.errors import Undecodable

_CODES = ("error_code", "code", "error")
_TEXTS = ("message", "error_message", "error_description")
_LISTS = ("errors", "details", "messages")


def refusal(body: bytes) -> tuple[str, str] | None:
    """Return the code and the text of a refusal, tags stripped and short, blank where not told.

    None where the body is no JSON object: then something else answered (CLS-9).
    """
    try:
        answer = parse_json(body)
    except Undecodable:
        return None
    if answer == []:
        return "", ""
    if not isinstance(answer, dict):
        return None
    texts = [_first(answer, _TEXTS), *_details(answer)]
    return _first(answer, _CODES)[:50], legible(" ".join(text for text in texts if text))


def _details(answer: dict[str, object]) -> list[str]:
    for name in _LISTS:
        told = answer.get(name)
        if isinstance(told, list):
            return [_detail(entry) for entry in told[:5]]
    return []


def _detail(entry: object) -> str:
    if not isinstance(entry, dict):
        return word(entry)
    return f"{_first(entry, ('field',))} {_first(entry, _TEXTS)}".strip()


def _first(answer: dict[str, object], names: tuple[str, ...]) -> str:
    values = (word(answer.get(name)) for name in names)
    return next((value for value in values if value), "")

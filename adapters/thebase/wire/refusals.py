"""BASE's error codes (all with status 400) and what they mean."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from adapters.http.reading import Field, parse_json
from domain.errors import Undecodable

_LONGEST = 300
_TAGS = re.compile(r"<[^>]{0,500}>")
_SPACES = re.compile(r"\s+")


class Meaning(Enum):
    """What a refusal asks for."""

    TOKEN_ENDED = auto()
    NOT_ALLOWED = auto()
    HOUR_SPENT = auto()
    DAY_SPENT = auto()
    NOT_FOUND = auto()
    ALREADY_DONE = auto()
    CART_FAILED = auto()
    REFUSED = auto()


# Deferred payment (atobarai) has one step only: refused, it was taken before or is not possible.
# For a line it means that lines of such an order are not dispatched one by one.
DEFERRED = "not_change_status_atobarai"
_MEANINGS = {
    "hour_api_limit": Meaning.HOUR_SPENT,
    "day_api_limit": Meaning.DAY_SPENT,
    "no_order": Meaning.NOT_FOUND,
    "no_item": Meaning.NOT_FOUND,
    "bad_item_id": Meaning.NOT_FOUND,
    "bad_variation_id": Meaning.NOT_FOUND,
    "not_change_status": Meaning.ALREADY_DONE,
    DEFERRED: Meaning.ALREADY_DONE,
    "db_error": Meaning.CART_FAILED,
    "server_error": Meaning.CART_FAILED,
    "invalid_scope": Meaning.NOT_ALLOWED,
    "unauthorized": Meaning.NOT_ALLOWED,
    "unauthorized_client": Meaning.NOT_ALLOWED,
    "access_denied": Meaning.NOT_ALLOWED,
}
# Stands for everything; only its text tells an access token that ended from another refusal.
INVALID_REQUEST = "invalid_request"
_ACCESS_TOKEN = "アクセストークン"  # noqa: S105 - a word of a message


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the cart said.

    Attributes:
        code: `error`, blank if the body names none.
        text: `error_description`, tags stripped and short.
    """

    code: str
    text: str

    @property
    def meaning(self) -> Meaning:
        """What it asks for."""
        if self.code == INVALID_REQUEST and _ACCESS_TOKEN in self.text:
            return Meaning.TOKEN_ENDED
        return _MEANINGS.get(self.code, Meaning.REFUSED)

    def __str__(self) -> str:
        """Code and text for a message."""
        return f"{self.code} {self.text}".strip() or "no reason given"


def refusal(body: bytes) -> Refusal:
    """Read the body of an answer that is not a success."""
    try:
        answer = Field(parse_json(body), "")
        return Refusal(_text(answer["error"])[:50], _text(answer["error_description"]))
    except Undecodable:
        return Refusal("", _text(Field(body[: 4 * _LONGEST].decode("utf-8", "replace"), "")))


def _text(place: Field) -> str:
    if not isinstance(place.value, str):
        return ""
    return _SPACES.sub(" ", _TAGS.sub(" ", place.value)).strip()[:_LONGEST]

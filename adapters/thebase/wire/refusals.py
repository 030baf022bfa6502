"""BASE's error codes (all with status 400) and what they mean."""

from dataclasses import dataclass
from enum import Enum, auto

from adapters.http.calls import parse_json
from adapters.http.reading import Told, legible, read, word
from domain.errors import Undecodable


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
        code: `error`, blank if the body names none: then something else answered (CLS-9).
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


class _Said(Told):
    error: object
    error_description: object


def refusal(body: bytes) -> Refusal:
    """Read the body of an answer that is not a success."""
    try:
        said = read(_Said, parse_json(body))
    except Undecodable:
        return Refusal("", legible(body))
    return Refusal(_text(said.error)[:50], _text(said.error_description))


def _text(told: object) -> str:
    return legible(word(told))

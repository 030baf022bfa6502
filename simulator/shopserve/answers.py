"""ShopServe's answers: JSON bodies and refusals."""

import json

from simulator.messages import Answer, Call, Document, encode

_CONTENT_TYPE = "application/json"


class RefusedError(Exception):
    """The API refuses a call.

    Attributes:
        status: HTTP status.
        field: the parameter at fault, empty when it is not about one.
    """

    def __init__(self, status: int, message: str, field: str = "") -> None:
        """Args: status: HTTP status. message: Japanese text. field: parameter at fault."""
        super().__init__(message)
        self.status = status
        self.field = field

    def answer(self) -> Answer:
        """Return the error body."""
        code = f"E{self.status}-101"
        message = str(self)
        errors = [{"field": self.field, "error_code": code, "message": message}]
        document = {
            "error_code": code,
            "message": message,
            "errors": errors if self.field else [],
        }
        return Answer(self.status, encode(document), _CONTENT_TYPE)


def ok(document: Document) -> Answer:
    """Return a 200 with a JSON body."""
    return Answer(200, encode(document), _CONTENT_TYPE)


def invalid(field: str, message: str = "パラメータが不正です。") -> RefusedError:
    """Return the refusal of one parameter."""
    return RefusedError(400, message, field)


def read_object(call: Call) -> Document:
    """Return the JSON object of a request; refuse anything else."""
    try:
        document = json.loads(call.body or b"{}")
    except ValueError as error:
        raise RefusedError(400, "JSONの形式が不正です。") from error
    if not isinstance(document, dict):
        raise RefusedError(400, "JSONの形式が不正です。")
    return document


def refuse_unknown(document: Document, known: frozenset[str]) -> None:
    """Refuse a request with a parameter nobody documented."""
    for name in sorted(document.keys() - known):
        raise invalid(name)


def read_int(document: Document, name: str, lowest: int, highest: int) -> int:
    """Return a whole number given as a number or as digits; refuse one out of range."""
    value = document.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise invalid(name)
    return value

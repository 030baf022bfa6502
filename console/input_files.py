"""Files a person names on the command line; `-` is standard input."""

import sys
from pathlib import Path

from console.failures import Failed


def bytes_of(file: str) -> bytes:
    """Return what a file holds. Raises Failed when it cannot be read."""
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}") from error

"""Credentials and tokens are stored encrypted; keys come from RENKEI_SECRET_KEYS.

The first key writes, all read, so a key is changed by putting the new one in front, running
`renkei db reseal`, and removing the old one.
"""

import base64
import json
from collections.abc import Mapping, Sequence

from domain.errors import SyncError

SHORTEST_KEY = 32  # characters; `openssl rand -base64 33` gives 44


class UnreadableSecret(SyncError):
    """No configured key opens what is stored: a key was removed too early."""


class SecretBox:
    """Seals and opens small JSON objects with authenticated encryption (Fernet)."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Args: keys: at least one, each of 32 characters or more; the first one writes."""
        # Imported on use: most commands only read settings, and this costs them 45 ms.
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

        if not keys:
            raise ValueError("at least one secret key is needed")
        self._fernet = MultiFernet([Fernet(_derive(key)) for key in keys])

    def seal(self, values: Mapping[str, str]) -> bytes:
        """Return the encrypted form of a flat object."""
        return self._fernet.encrypt(json.dumps(dict(values), ensure_ascii=False).encode())

    def open(self, sealed: bytes) -> dict[str, str]:
        """Return what was sealed. Raises UnreadableSecret."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 -- as above

        try:
            plain = self._fernet.decrypt(bytes(sealed))
        except InvalidToken as error:
            raise UnreadableSecret(
                "stored credentials cannot be read with the keys in RENKEI_SECRET_KEYS;"
                " put the key they were written with back"
            ) from error
        values: dict[str, str] = json.loads(plain)
        return values

    def reseal(self, sealed: bytes) -> bytes:
        """Return the same content encrypted with the first key. Raises UnreadableSecret."""
        return self.seal(self.open(sealed))


def _derive(key: str) -> bytes:
    """Stretch a random text of any form to the 32 bytes Fernet wants."""
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"a secret key needs at least {SHORTEST_KEY} characters")
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 -- as above
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"renkei credentials v1")
    return base64.urlsafe_b64encode(kdf.derive(key.encode()))

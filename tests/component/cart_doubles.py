"""What a cart's client asks for, answered without a shop: a gate and tokens that never say no."""

from domain.errors import ApiFamily


class OpenGate:
    """Implements domain.carts.ports.CallGate: admits every call and counts them."""

    def __init__(self) -> None:
        """Start with no calls."""
        self.admitted: list[tuple[ApiFamily, float]] = []
        self.running = 0

    def admit(self, api: ApiFamily, deadline_s: float) -> None:
        """See CallGate.admit."""
        self.admitted.append((api, deadline_s))
        self.running += 1

    def done(self) -> None:
        """See CallGate.done."""
        self.running -= 1


class FixedTokens:
    """Implements domain.carts.ports.TokenStore: one token, and the ones to renew it with."""

    def __init__(self, token: str, *later: str) -> None:
        """Args: later: what renewing gives, one after the other; then the same token again."""
        self._tokens = [token, *later]
        self.renewals = 0

    def access_token(self) -> str:
        """See TokenStore.access_token."""
        return self._tokens[0]

    def renew(self, refused: str) -> str:
        """See TokenStore.renew."""
        if refused == self._tokens[0] and len(self._tokens) > 1:
            self._tokens.pop(0)
        self.renewals += 1
        return self._tokens[0]

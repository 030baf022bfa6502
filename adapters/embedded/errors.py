"""What can go wrong with the private servers."""


class ServersUnavailable(RuntimeError):
    """The private servers cannot be had; the message says why and what helps."""

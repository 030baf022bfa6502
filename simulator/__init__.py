"""Both carts as real HTTP servers, with a fault switchboard and a log of what buyers would feel."""

from importlib.util import find_spec

if find_spec("aiohttp") is None:
    raise ModuleNotFoundError("the extra `simulator` is not installed", name="aiohttp")

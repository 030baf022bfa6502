"""Both carts in memory: the same ports without a network, for flows, examples and tests."""

from adapters.memory.carts import MemoryBase, MemoryShopServe
from adapters.memory.gates import FixedTokens, OpenGate
from adapters.memory.shop import Effect

__all__ = ["Effect", "FixedTokens", "MemoryBase", "MemoryShopServe", "OpenGate"]

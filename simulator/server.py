"""The HTTP shell: reads a call, lets faults strike, has the cart answer, writes the answer.

One low-level aiohttp server without routing or access log: the carts find their own way, and an
answer costs little more than parsing and writing HTTP.
"""

import asyncio
import time
from email.utils import formatdate

from aiohttp import web

from simulator.calls import DROPPED
from simulator.control.api import answer_control
from simulator.faults import BEFORE, DROP, MALFORMED, MUTATE, RESPOND, Fault
from simulator.messages import Answer, Call, Target
from simulator.mutations import SPOILINGS, mutate
from simulator.shopserve.cart import ShopServeCart
from simulator.shopserve.wire import PREFIX as SHOPSERVE_PREFIX
from simulator.thebase.cart import BaseCart
from simulator.thebase.wire import PREFIX as BASE_PREFIX
from simulator.world import World

CONTROL_PREFIX = "/_sim"

Cart = ShopServeCart | BaseCart


class Simulator:
    """Both carts and the control API behind one request handler."""

    def __init__(self, world: World) -> None:
        """Args: world: what the carts show."""
        self._world = world
        self._carts: tuple[tuple[str, Cart], ...] = (
            (SHOPSERVE_PREFIX, ShopServeCart(world)),
            (BASE_PREFIX, BaseCart(world)),
        )

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request."""
        path = request.path
        for prefix, cart in self._carts:
            if path.startswith(prefix + "/"):
                return await self._serve(request, await self._read(request, prefix), cart)
        if path.startswith(CONTROL_PREFIX + "/"):
            call = await self._read(request, CONTROL_PREFIX)
            return _write(answer_control(self._world, call), call.at)
        return _write(Answer(404, b'{"error":"no such address"}'), self._now())

    def _now(self) -> float:
        """Return what the carts' clock shows, Unix seconds."""
        return time.time() + self._world.settings.clock_ahead_s

    async def _read(self, request: web.BaseRequest, prefix: str) -> Call:
        """Read a request completely."""
        return Call(
            method=request.method,
            path=request.path[len(prefix) :],
            raw_path=request.rel_url.raw_path,
            query=request.query if request.query_string else {},
            headers=request.headers,
            body=await request.read() if request.body_exists else b"",
            at=self._now(),
        )

    async def _serve(self, request: web.BaseRequest, call: Call, cart: Cart) -> web.Response:
        """Answer a call to a cart and count it."""
        world = self._world
        target = cart.target(call)
        world.calls.begin(target.shop, call.at)
        outcome = DROPPED
        try:
            answer = await self._answer(call, target, cart, request.path)
            if answer is not None:
                outcome = str(answer.status)
        finally:
            world.calls.end(target, outcome)
        if answer is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return _write(answer, self._now())

    async def _answer(self, call: Call, target: Target, cart: Cart, path: str) -> Answer | None:
        """Return the answer, None for a connection that is to be dropped."""
        world = self._world
        if world.settings.latency_s:
            await asyncio.sleep(world.settings.latency_s)
        closed = world.closures.page_for(target)
        if closed is not None:
            return closed
        trouble = None
        if world.faults.rules:
            trouble = world.faults.trouble_for(target, call.method, path)
        if trouble is None:
            return cart.answer(call, target)
        await asyncio.sleep(trouble.delay_before_s)
        answer = self._troubled(call, target, cart, trouble.fault)
        await asyncio.sleep(trouble.delay_after_s)
        return answer

    def _troubled(
        self, call: Call, target: Target, cart: Cart, fault: Fault | None
    ) -> Answer | None:
        """Let the cart answer unless the fault forbids it, and spoil what it says."""
        if fault is None:
            return cart.answer(call, target)
        if fault.action in (RESPOND, DROP) and fault.when == BEFORE:
            return self._spoil(None, fault)
        return self._spoil(cart.answer(call, target), fault)

    def _spoil(self, answer: Answer | None, fault: Fault) -> Answer | None:
        """Return what is sent instead of the cart's answer, None for nothing."""
        if fault.action == RESPOND:
            body = fault.body.encode()
            return Answer(fault.status, body, fault.content_type, fault.headers)
        if fault.action == MALFORMED and answer is not None:
            return SPOILINGS[fault.form](answer)
        if fault.action == MUTATE and answer is not None:
            return mutate(answer, fault.form, self._world.mutation_chance)
        return None


def _write(answer: Answer, at: float) -> web.Response:
    """Turn an answer into HTTP. Args: at: Unix seconds, told as its Date."""
    date = formatdate(at, usegmt=True)
    headers = {"Content-Type": answer.content_type, "Date": date, **answer.headers}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


async def start_server(world: World, host: str, port: int) -> tuple[web.ServerRunner, int]:
    """Listen and return the runner to clean up and the port, a free one for port 0."""
    server = web.Server(Simulator(world).handle, access_log=None, keepalive_timeout=300.0)
    runner = web.ServerRunner(server, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, host, port, backlog=1024)
    await site.start()
    address = runner.addresses[0]
    return runner, int(address[1])

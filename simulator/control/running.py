"""Control of the simulator itself: health, reset, settings, effects and counters."""

from collections import Counter

from simulator.control.answers import Arguments, done, read_object
from simulator.messages import Answer, Call
from simulator.world import World


def health(_world: World, _call: Call, _arguments: Arguments) -> Answer:
    """Answer GET /_sim/health."""
    return done({"ready": True})


def reset(world: World, call: Call, _arguments: Arguments) -> Answer:
    """Answer POST /_sim/reset."""
    world.reset(int(read_object(call).get("seed", 0)))
    return done({})


def settings(world: World, call: Call, _arguments: Arguments) -> Answer:
    """Answer GET and PATCH /_sim/settings."""
    world.settings.update(read_object(call))
    world.apply_settings()
    return done(world.settings.document())


def effects(world: World, call: Call, _arguments: Arguments) -> Answer:
    """Answer GET /_sim/effects?since=&kind=&shop=; `kind` may list several with commas."""
    kinds = frozenset(kind for kind in call.query.get("kind", "").split(",") if kind)
    since = int(call.query.get("since", "0"))
    return done({"effects": world.effects.since(since, kinds, call.query.get("shop", ""))})


def counters(world: World, _call: Call, _arguments: Arguments) -> Answer:
    """Answer GET /_sim/counters."""
    totals: Counter[str] = Counter()
    for (_, kind), number in world.effects.counts.items():
        totals[kind] += number
    return done(
        {
            "effects": dict(sorted(totals.items())),
            "effects_by_shop": [
                {"shop": shop, "kind": kind, "count": number}
                for (shop, kind), number in sorted(world.effects.counts.items())
            ],
            "calls": world.calls.table(),
            "pace": world.calls.pace_table(),
        },
    )

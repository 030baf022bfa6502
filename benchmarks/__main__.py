"""`python -m benchmarks`: measure what the README claims (docs/benchmarks.md)."""

import os
import platform

import click

from benchmarks.enqueue import measure_enqueue
from benchmarks.memory import measure_memory
from benchmarks.stage import staged
from benchmarks.way import measure_way

ALL = ("way", "enqueue", "memory")


@click.command()
@click.argument("which", nargs=-1, type=click.Choice(ALL))
@click.option("--shops", default=20, show_default=True, help="Shops the items are spread over.")
@click.option("--rounds", default=3, show_default=True, help="Rounds of each contender.")
@click.option("--each", default=200, show_default=True, help="Items of a shop in one round.")
@click.option("--enqueued", default=10_000, show_default=True, help="Items to enqueue.")
@click.option("--memory-items", default=20_000, show_default=True, help="Items of one worker.")
@click.option("--latency-ms", default=20, show_default=True, help="How long the cart thinks.")
def main(  # noqa: PLR0913, PLR0917 -- one argument per option
    which: tuple[str, ...],
    shops: int,
    rounds: int,
    each: int,
    enqueued: int,
    memory_items: int,
    latency_ms: int,
) -> None:
    """Measure WHICH (way, enqueue, memory; without it all of them) on private servers."""
    chosen = which or ALL
    python = platform.python_version()
    print(f"{os.cpu_count()} cores, Python {python}, the cart answers in {latency_ms} ms")
    skus = max(each, min(1_000, -(-memory_items // shops)) if "memory" in chosen else 0)
    with staged(shops, skus, latency_s=latency_ms / 1000) as stage:
        if "way" in chosen:
            measure_way(stage, rounds=rounds, each=each)
        if "enqueue" in chosen:
            measure_enqueue(stage, items=enqueued, rounds=rounds)
        if "memory" in chosen:
            measure_memory(stage, memory_items)


if __name__ == "__main__":
    main()

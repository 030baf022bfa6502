"""`python -m benchmarks.structure`: how large the product is, and how far its work walks in it."""

import ast
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from benchmarks.walks import Walk, measure

ROOT = Path(__file__).resolve().parents[1]
OTHER_CODE = ("*.sql", "*.lua")
PRODUCT = ("domain", "adapters", "workers", "console", "beat_schedule.py")
APART = ("simulator", "tests", "benchmarks")
MOST_LINES_OF_MODULE = 300
MOST_LINES_OF_FUNCTION = 40


@dataclass(frozen=True, slots=True)
class Part:
    """One package, or one module at the top. Attributes: lines: all of them, blank ones too."""

    name: str
    modules: int
    lines: int


@dataclass(frozen=True, slots=True)
class Place:
    """Something that is too long, and how long it is."""

    name: str
    lines: int


@dataclass(frozen=True, slots=True)
class Size:
    """What can be told without running anything."""

    product: list[Part]
    apart: list[Part]
    long_modules: list[Place]
    long_functions: list[Place]
    classes_named_twice: dict[str, list[str]]

    @property
    def lines(self) -> int:
        """Of the product."""
        return sum(part.lines for part in self.product)


@dataclass(frozen=True, slots=True)
class Module:
    """One file and what is defined in it."""

    path: str
    lines: int
    tree: ast.Module


def modules_of(names: Sequence[str], root: Path = ROOT) -> Iterator[Module]:
    """Read the modules of some packages."""
    for name in names:
        found = root / name
        for path in [found] if found.is_file() else sorted(found.rglob("*.py")):
            text = path.read_text("utf-8")
            place = path.relative_to(root).as_posix()
            yield Module(place, len(text.splitlines()), ast.parse(text))


def long_functions(modules: Iterable[Module]) -> list[Place]:
    """Return functions of more than 40 lines, decorators not counted."""
    found = []
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MOST_LINES_OF_FUNCTION:
                    found.append(Place(f"{module.path}:{node.lineno} {node.name}", lines))
    return found


def classes_named_twice(modules: Iterable[Module]) -> dict[str, list[str]]:
    """Return the names that several classes have, and where those are."""
    places: dict[str, list[str]] = defaultdict(list)
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{module.path}:{node.lineno}")
    return {name: found for name, found in sorted(places.items()) if len(found) > 1}


def size(root: Path = ROOT) -> Size:
    """Read the whole tree."""
    product = list(modules_of(PRODUCT, root))
    return Size(
        product=[_part(name, root) for name in PRODUCT],
        apart=[_part(name, root) for name in APART],
        long_modules=[
            Place(one.path, one.lines) for one in product if one.lines > MOST_LINES_OF_MODULE
        ],
        long_functions=long_functions(product),
        classes_named_twice=classes_named_twice(product),
    )


def _part(name: str, root: Path) -> Part:
    """Return one package; what it has of SQL and Lua counts as lines, too."""
    modules = list(modules_of([name], root))
    others = [one for kind in OTHER_CODE for one in sorted((root / name).rglob(kind))]
    lines = sum(len(one.read_text("utf-8").splitlines()) for one in others)
    return Part(name, len(modules), lines + sum(one.lines for one in modules))


def print_walks(walks: Sequence[Walk]) -> None:
    """Print the table of the walks."""
    print("| walk | modules | moves | transactions | SQL statements |\n|---|---|---|---|---|")
    for walk in walks:
        print(
            f"| {walk.name} | {walk.modules} | {walk.moves}"
            f" | {walk.transactions} | {walk.statements} |"
        )


def print_size(found: Size) -> None:
    """Print lines per package and whatever is over its limit."""
    print("\n| package | modules | lines |\n|---|---|---|")
    for part in (*found.product, *found.apart):
        print(f"| {part.name} | {part.modules} | {part.lines} |")
    print(f"\nproduct lines: {found.lines} (without {', '.join(APART)})")
    for title, places in (
        (f"modules over {MOST_LINES_OF_MODULE} lines", found.long_modules),
        (f"functions over {MOST_LINES_OF_FUNCTION} lines", found.long_functions),
    ):
        print(f"{title}: {len(places)}")
        for place in places:
            print(f"  {place.lines} {place.name}")
    print(f"class names used twice: {len(found.classes_named_twice)}")
    for name, where in found.classes_named_twice.items():
        print(f"  {name}: {', '.join(where)}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document, with every route.")
@click.option("--without-walks", is_flag=True, help="Only read the files.")
def main(*, as_json: bool, without_walks: bool) -> None:
    """Measure the structure: four ways through the product, and its lines."""
    walks, found = [] if without_walks else measure(), size()
    if as_json:
        shown = {**asdict(found), "lines": found.lines, "walks": [one.document() for one in walks]}
        print(json.dumps(shown, ensure_ascii=False))
        return
    if walks:
        print_walks(walks)
    print_size(found)


if __name__ == "__main__":
    main()

"""How one run is printed, by `run` and by `runs show`."""

from console.output import Column, print_json, print_lines, print_table, shown
from console.session import Session

ITEM_COLUMNS = (
    Column("key"),
    Column("state"),
    Column("attempts", right=True),
    Column("reason"),
)
_FIGURES = {
    "succeeded": "成功",
    "failed": "失敗",
    "skipped": "skipped",
    "carried_over": "carried over",
    "calls": "calls",
}
_TIMES = ("started_at", "finished_at")


def show_document(session: Session, run: dict[str, object]) -> None:
    """Print a run as one JSON object, or as sentences and a table of its items."""
    if session.as_json:
        print_json(run)
        return
    print_lines(_lines(run))
    items = run["items"]
    if isinstance(items, list) and items:
        print_table(items, ITEM_COLUMNS)


def _lines(run: dict[str, object]) -> list[str]:
    lines = [
        f"run {run['id']}  {run['shop']}  {run['action']} ({run['mode']}): {run['state']}",
        "  ".join(f"{word} {run[name]}" for name, word in _FIGURES.items()),
    ]
    window = run["window"]
    if isinstance(window, dict) and window["from"] is not None:
        lines.append(f"window {shown(window['from'])} to {shown(window['to'])}")
    times = [f"{name.removesuffix('_at')} {shown(run[name])}" for name in _TIMES if run[name]]
    if times:
        lines.append("  ".join(times))
    if run["reason"]:
        lines.append(f"reason: {run['reason']}")
    return lines

"""What `renkei db restored` prints."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType

from console.output import columns, print_json, print_lines, print_table
from console.session import Session
from workers.services.lost_time.report import ShopReport

_COLUMNS = columns(
    "merchant, shop, on_hold=on hold, shipped=shipped already, caught_up=shipped meanwhile, "
    "cancelled, left_out=left out, failed, open=still open, stock=stock differs",
    **{
        name: lambda row, name=name: _count(row[name])
        for name in ("on_hold", "shipped", "caught_up", "cancelled", "left_out", "failed", "stock")
    },
)
GONE = (
    "Counts, allocations, holds, releases and ship dates of the lost time are gone: count, and"
    " have the warehouse tell again what it did."
)
PUSHED_AFTER = "Stock is pushed again, shop by shop: renkei shop unpark KEY --action sync_stock"

# What to look at, and what to do about it.
_LISTS: Mapping[str, str] = MappingProxyType(
    {
        "on_hold": "on hold: renkei orders show says why; then renkei orders release",
        "failed": "cannot be taken over yet; each import tries again",
        "cancelled": "cancelled in the cart: the next sync_status follows",
        "left_out": "not taken over",
    }
)


def show_reports(session: Session, reports: Sequence[ShopReport]) -> None:
    """Print the reports: one JSON array, or a table and what a person should look at."""
    documents = [asdict(report) for report in reports]
    if session.as_json:
        print_json(documents)
        return
    if not reports:
        print_lines(["every shop has caught up already"])
        return
    print_table(documents, _COLUMNS)
    for report in reports:
        print_lines(_to_look_at(report))
    print_lines([GONE, PUSHED_AFTER])


def _to_look_at(report: ShopReport) -> Iterator[str]:
    if report.needs_authorisation:
        yield f"{report.shop}: renkei shop authorize {report.shop}, then this command again"
    if report.waits:
        yield f"{report.shop}: sends nothing yet: {report.waits}"
    for name, meaning in _LISTS.items():
        for one in getattr(report, name):
            yield f"{report.shop}: {one}: {meaning}"
    for place in report.stock or []:
        where = f"{place.item}/{place.variation}" if place.variation else place.item
        yield (
            f"{report.shop}: {place.sku} ({where}): the shop shows {_pieces(place.shop_shows)},"
            f" we would tell {_pieces(place.we_offer)}"
        )
    if report.stock_unread:
        yield f"{report.shop}: its stock was not compared: {report.stock_unread}"


def _pieces(count: int | None) -> str:
    return "no number" if count is None else str(count)


def _count(value: object) -> object:
    return len(value) if isinstance(value, list) else value

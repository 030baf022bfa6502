"""When a shop's stock is compared as a whole (STK-6)."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.actions import ACTIONS
from domain.engine.cadence import TOKYO, Cadence
from domain.stock.compares import COMPARE_PRIORITY, LATEST_S, SPREAD_S, compare_slot, is_night

ANCHOR = datetime(2026, 11, 1, 1, 2, 3, 456_789, tzinfo=UTC)
EVERY_300_S = Cadence(every_s=300)
EVENING = datetime(2026, 11, 20, 3, 30, tzinfo=TOKYO)
shop_ids = st.integers(1, 2**40)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(  # noqa: DTZ001 -- naive
    lambda naive: naive.replace(tzinfo=UTC)
)
anchors = moments | st.sampled_from([0, 1, 2]).map(lambda micro: ANCHOR.replace(microsecond=micro))
cadences = st.integers(1, 604_800).map(lambda every_s: Cadence(every_s=every_s)) | st.times().map(
    lambda at: Cadence(at=time(at.hour, at.minute))
)


@given(shop_id=shop_ids, now=moments, anchor=anchors, cadence=cadences)
def test_stk_06_a_slot_lies_in_the_night_and_never_on_one_of_the_robots_own(
    shop_id: int, now: datetime, anchor: datetime, cadence: Cadence
) -> None:
    slot = compare_slot(shop_id, cadence, anchor, now)

    if slot is None:
        return
    assert is_night(now)
    assert time(3, 30) <= slot.astimezone(TOKYO).time() < time(4, 31)
    assert timedelta() <= now - slot <= timedelta(seconds=LATEST_S)
    assert cadence.next_slot(slot - timedelta(microseconds=1), anchor) != slot


@given(shop_id=shop_ids)
def test_stk_06_every_shop_has_one_slot_a_night_and_the_same_at_every_look(shop_id: int) -> None:
    minutes = (EVENING + timedelta(minutes=step) for step in range(24 * 60))
    slots = {compare_slot(shop_id, EVERY_300_S, ANCHOR, at) for at in minutes}

    assert len(slots - {None}) == 1


def test_stk_06_shops_are_spread_and_begin_within_the_hour() -> None:
    late = EVENING + timedelta(seconds=SPREAD_S)
    slots = {compare_slot(shop_id, EVERY_300_S, ANCHOR, late) for shop_id in range(1, 101)}

    assert len(slots) == 100


def test_stk_06_by_day_nothing_is_compared_by_itself() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=TOKYO)

    assert not is_night(noon)
    assert compare_slot(1, EVERY_300_S, ANCHOR, noon) is None


def test_stk_06_a_compare_is_served_after_everything_else() -> None:
    assert max(facts.priority for facts in ACTIONS.values()) < COMPARE_PRIORITY

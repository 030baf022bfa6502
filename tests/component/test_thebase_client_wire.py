"""BASE's bodies become domain values, or Undecodable names the field."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http.calls import parse_json
from adapters.thebase import oauth
from adapters.thebase.wire import details, items, orders, refusals
from adapters.thebase.wire.refusals import Meaning
from domain.carts.ports import CartParcel, ItemKey
from domain.errors import Undecodable
from domain.orders.cart_order import (
    BaseStatus,
    Charges,
    Dispatch,
    LineState,
    ShippingCharge,
    Wishes,
)
from tests.component.cart_samples import Json, base_item, base_order, base_row
from tests.component.json_mutations import ANYTHING, with_numerals_as_text
from tests.component.wire_properties import body_like, check_read_or_undecodable, order_like

ORDERED_AT = datetime(2025, 1, 1, 1, 0, 5, tzinfo=UTC)


def changed(**changes: object) -> Json:
    return {**base_order(), **changes}


def lines_of(raw: Json) -> list[Json]:
    lines = raw["order_items"]
    assert isinstance(lines, list)
    return lines


def test_an_order_is_read_whole() -> None:
    order = details.order(base_order())

    assert order.key == order.number == "3C07A19F5B2E84D6"
    assert order.ordered_at == ORDERED_AT
    assert order.status == BaseStatus(Dispatch.ORDERED)
    assert order.buyer.name == "佐伯 結衣"
    assert order.buyer.address == "大阪府大阪市北区梅田9-9-9 試験荘1"
    assert order.destinations[0].recipient.blank
    assert order.destinations[0].wishes == Wishes("2025-01-09", "1416", "玄関先に")
    assert order.charges == Charges(
        1380, 330, 200, 10, -100, 9000, per_method=(ShippingCharge("宅配便", 980),)
    )


def test_a_line_with_a_variation_is_read() -> None:
    line = details.order(base_order()).lines[0]

    assert (line.key, line.item_code, line.variation_code) == ("90210001", "TOTE", "TOTE-NAT")
    assert line.has_variation
    assert (line.unit_price_yen, line.options_yen, line.total_yen) == (2500, 500, 5500)
    assert (line.delivery_method, line.shipping_fee_yen) == ("宅配便", 0)
    assert line.state is LineState.OPEN
    assert line.item == ("77001234", "410055")
    assert line.options == ("ラッピング: あり",)


def test_a_line_without_one_keeps_its_own_method_and_fee() -> None:
    line = details.order(base_order()).lines[1]

    assert not line.has_variation
    assert (line.delivery_method, line.shipping_fee_yen) == ("ネコポス", 400)
    assert line.tax_rate == 8


@pytest.mark.parametrize(
    ("entry", "line", "order", "method"),
    [
        ("宅配便", "ネコポス", "定形外", "宅配便"),
        (None, "ネコポス", "定形外", "ネコポス"),
        (None, None, "定形外", "定形外"),
        (None, None, None, ""),
        ("", "", "", ""),
    ],
)
def test_a_method_comes_from_the_first_place_that_names_one(
    entry: str | None, line: str | None, order: str | None, method: str
) -> None:
    raw = changed(
        shipping_method=order,
        shipping_lines=[
            {"shipping_method": entry, "shipping_fee": 5, "order_item_ids": ["90210001"]}
        ],
    )
    lines_of(raw)[0]["shipping_method"] = line

    read = details.order(raw)
    assert read.lines[0].delivery_method == method
    assert read.charges.per_method == (ShippingCharge(method, 5),)


@pytest.mark.parametrize("absent", [None, []])
def test_shipping_lines_may_be_absent(absent: object) -> None:
    order = details.order(changed(shipping_lines=absent, shipping_method="宅配便"))

    assert [line.delivery_method for line in order.lines] == ["宅配便", "ネコポス"]
    assert order.charges.per_method == ()


def test_fees_of_one_method_are_added_up() -> None:
    entries = [
        {"shipping_method": "宅配便", "shipping_fee": 300, "order_item_ids": [number]}
        for number in ("90210001", 90210002)
    ]

    order = details.order(changed(shipping_lines=entries))
    assert order.charges.per_method == (ShippingCharge("宅配便", 600),)
    assert [line.shipping_fee_yen for line in order.lines] == [0, 0]


def test_a_partner_shops_order_has_blank_contacts() -> None:
    names = ("zip_code", "prefecture", "address", "address2", "mail_address", "tel")

    order = details.order(changed(**dict.fromkeys((*names, "first_name", "last_name"))))
    assert order.buyer.blank


def test_statuses_of_money_are_told() -> None:
    raw = changed(
        bt_payment_transaction={"status": "shortage"},
        atobarai_payment_transaction={"status": "shipping"},
    )

    assert details.order(raw).status == BaseStatus(
        Dispatch.ORDERED, transfer_short=True, deferred="shipping"
    )


def test_unknown_words_change_nothing_and_are_reported() -> None:
    raw = changed(dispatch_status="Floating")
    lines_of(raw)[1]["status"] = "Lost"

    order = details.order(raw)
    assert order.lines[1].state is LineState.UNKNOWN
    assert order.status == BaseStatus(
        Dispatch.UNKNOWN,
        unknown_literals=("dispatch_status=Floating", "order_items[1].status=Lost"),
    )


def test_numerals_may_come_as_text() -> None:
    raw = with_numerals_as_text(base_order())
    assert isinstance(raw, dict)

    assert details.order(raw) == details.order(base_order())


def test_old_orders_without_totals_of_lines_are_counted() -> None:
    raw = base_order()
    for name in ("total", "item_total", "option_total", "consumption_tax_rate"):
        del lines_of(raw)[0][name]

    line = details.order(raw).lines[0]
    assert (line.options_yen, line.total_yen, line.tax_rate) == (500, 5500, 10)


@pytest.mark.parametrize("told", [None, []])
def test_imp_05_an_order_without_lines_is_undecodable_unless_it_is_cancelled(told: object) -> None:
    with pytest.raises(Undecodable, match="order_items: not there"):
        details.order(changed(order_items=told, shipping_lines=[]))
    gone = changed(order_items=told, shipping_lines=[], dispatch_status="cancelled")
    assert details.order(gone).lines == ()


def test_imp_10_an_entry_that_names_a_line_which_is_not_there_is_half_an_order() -> None:
    raw = base_order()
    del lines_of(raw)[0]

    with pytest.raises(Undecodable, match=r"shipping_lines\[0\]\.order_item_ids"):
        details.order(raw)


@pytest.mark.parametrize("ids", [None, []])
def test_imp_11_an_entry_that_lost_its_lines_does_not_make_them_ship_for_free(ids: object) -> None:
    entries = [{"shipping_method": "宅配便", "shipping_fee": 980, "order_item_ids": ids}]

    with pytest.raises(Undecodable, match="order_item_ids"):
        details.order(changed(shipping_lines=entries))
    told = details.order(changed(shipping_lines=entries, shipping_method="定形外"))
    assert [line.delivery_method for line in told.lines] == ["定形外", "ネコポス"]


@pytest.mark.parametrize("lost", ["variation_id", "variation"])
def test_imp_12_a_variation_is_one_if_any_field_names_it(lost: str) -> None:
    raw = base_order()
    lines_of(raw)[0][lost] = None

    assert details.order(raw).lines[0].has_variation
    assert not details.order(raw).lines[1].has_variation


def test_imp_12_a_variation_whose_code_is_left_out_is_not_one_without_code() -> None:
    raw = base_order()
    lines_of(raw)[0]["variation_identifier"] = None
    assert details.order(raw).lines[0].variation_code == ""

    del lines_of(raw)[0]["variation_identifier"]
    with pytest.raises(Undecodable, match="variation_identifier: not there"):
        details.order(raw)


@pytest.mark.parametrize("name", ["payment", "order_receiver"])
def test_imp_09_payment_and_recipient_have_to_be_told(name: str) -> None:
    with pytest.raises(Undecodable, match=name):
        details.order(changed(**{name: None}))


def test_sts_02_a_row_without_its_payment_may_be_a_short_transfer() -> None:
    with pytest.raises(Undecodable, match="payment"):
        orders.summary({**base_row(), "payment": None})


def test_two_lines_may_not_share_an_id() -> None:
    raw = base_order()

    with pytest.raises(Undecodable, match="order_items"):
        details.order({**raw, "order_items": [lines_of(raw)[0]] * 2})


def test_a_list_row_is_a_summary() -> None:
    summary = orders.summary(base_row())

    assert summary.ordered_at == ORDERED_AT
    assert (summary.dispatch, summary.total_yen) == (Dispatch.ORDERED, 9000)


@pytest.mark.parametrize(
    "number", ["4470-1234-5678", "4470 1234 5678", "\uff14\uff14\uff17\uff10－1234ー5678"]
)
def test_tracking_numbers_lose_everything_but_letters_and_digits(number: str) -> None:
    form = orders.dispatch("1", CartParcel("2", number, date(2026, 10, 6)))

    assert form["tracking_number"] == "447012345678"


def test_items_and_their_variations_are_listed() -> None:
    (row,) = items.page({"items": [base_item()]})

    assert isinstance(row, tuple)
    key, sold = row
    assert key == "77001234"
    assert [(item.key, item.code, item.quantity) for item in sold] == [
        (ItemKey("77001234", "410055"), "TOTE-NAT", 4),
        (ItemKey("77001234", "410056"), "TOTE", 5),
    ]


def test_the_answer_to_an_update_tells_the_quantity_of_that_variation() -> None:
    body = {"item": base_item()}

    assert items.quantity_after(body, ItemKey("77001234", "410056")) == 5
    assert items.quantity_after(body, ItemKey("77001234")) == 9
    with pytest.raises(Undecodable, match="variations"):
        items.quantity_after(body, ItemKey("77001234", "1"))


@pytest.mark.parametrize(
    ("code", "text", "meaning"),
    [
        ("invalid_request", "アクセストークンが無効です。", Meaning.TOKEN_ENDED),
        ("invalid_request", "不正なリクエストです。", Meaning.REFUSED),
        ("hour_api_limit", "", Meaning.HOUR_SPENT),
        ("day_api_limit", "", Meaning.DAY_SPENT),
        ("no_order", "", Meaning.NOT_FOUND),
        ("bad_variation_id", "", Meaning.NOT_FOUND),
        ("not_change_status", "", Meaning.ALREADY_DONE),
        ("not_change_status_cvs", "", Meaning.REFUSED),
        ("db_error", "", Meaning.CART_FAILED),
        ("invalid_scope", "", Meaning.NOT_ALLOWED),
        ("something_new", "", Meaning.REFUSED),
    ],
)
def test_codes_have_meanings(code: str, text: str, meaning: Meaning) -> None:
    body = json.dumps({"error": code, "error_description": text}).encode()

    assert refusals.refusal(body).meaning is meaning


def test_tokens_without_expiry_count_as_an_hour_and_are_not_shown() -> None:
    read = oauth.granted({"access_token": "aaa", "refresh_token": "rrr"})

    assert read.expires_in_s == 3600
    assert "aaa" not in repr(read)
    assert "rrr" not in repr(read)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"[NaN]", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_undecodable(body: bytes) -> None:
    with pytest.raises(Undecodable):
        parse_json(body)


def test_text_no_database_can_hold_is_mended() -> None:
    body = rb'{"a\u0000": ["\ud83d\ude00", "\ud800x", "b\u0000c"]}'

    assert parse_json(body) == {"a": ["😀", "?x", "bc"]}


def test_messages_name_the_place_and_never_the_value() -> None:
    raw = base_order()
    raw["order_receiver"] = {"tel": ["0600000000"]}

    with pytest.raises(Undecodable) as caught:
        details.order(raw)
    assert str(caught.value) == "order_receiver.tel: not text"


def test_an_answer_of_a_million_wrong_entries_costs_one_error() -> None:
    with pytest.raises(Undecodable, match=r"^order_items\[1\]: not an object$"):
        details.order(changed(order_items=[lines_of(base_order())[0], *[1] * 10**6]))


@given(raw=order_like(base_order()))
def test_any_order_is_read_or_undecodable(raw: Json) -> None:
    for reader in (details.order, orders.summary):
        check_read_or_undecodable(lambda _, reader=reader: reader(raw), raw)  # type: ignore[misc]


@given(
    body=body_like(
        {"orders": [base_row(), base_row()]},
        {"order": base_row()},
        {"items": [base_item()]},
        {"item": base_item()},
        {"access_token": "a", "refresh_token": "b", "expires_in": 3600},
        {"delivery_companies": [{"delivery_company_id": 1, "name": "A"}]},
        {"user": {"shop_id": "a", "shop_name": "b"}},
    )
)
def test_any_other_body_is_read_or_undecodable(body: object) -> None:
    readers: list[Callable[[object], object]] = [
        *(orders.page, orders.companies, orders.identity, orders.updated, items.page),
        oauth.granted,
        lambda told: orders.detail(told, "A"),
        lambda told: items.quantity_after(told, ItemKey("1", "2")),
    ]
    for reader in readers:
        check_read_or_undecodable(reader, body)


@given(
    body=st.one_of(
        st.binary(max_size=300), ANYTHING.map(lambda v: repr(v).encode("utf-8", "replace"))
    )
)
def test_any_refusal_is_read(body: bytes) -> None:
    said = refusals.refusal(body)

    assert len(str(said)) <= 360


def test_cls_9_an_empty_array_where_an_object_belongs_is_an_empty_object() -> None:
    bare = {**base_order(), "order_discount": [], "order_receiver": []}
    as_object = {**base_order(), "order_discount": {}, "order_receiver": {}}

    assert details.order(bare) == details.order(as_object)
    assert orders.updated({"order": []}) == {}
    assert refusals.refusal(b"[]").code == ""


def test_cls_9_a_code_may_come_as_a_number_of_any_length() -> None:
    number = 4_912_345_678_904
    listed = {"items": [{**base_item(), "item_id": number, "identifier": 10**30}]}

    (sold,) = items.page(listed)
    assert isinstance(sold, tuple)
    assert sold[0] == str(number)
    assert {item.code.startswith("1" + "0" * 30) for item in sold[1]} == {True}
    assert refusals.refusal(b'{"error": 1001, "error_description": 5}').code == "1001"

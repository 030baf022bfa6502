"""ShopServe's bodies become domain values, or Undecodable names the field."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http.reading import Date, Told, read
from adapters.shopserve.wire import details, orders, refusals, stock
from domain.carts.ports import CartParcel, ItemKey, StockLevel
from domain.engine.runs import Window
from domain.errors import Undecodable
from domain.orders.cart_order import (
    CartLine,
    Charges,
    Folder,
    Settlement,
    ShopServeStatus,
    Wishes,
)
from tests.component.cart_samples import Json, shopserve_order
from tests.component.json_mutations import with_numerals_as_text
from tests.component.wire_properties import body_like, check_read_or_undecodable, order_like

NOON = datetime(2026, 10, 3, 3, 0, 0, tzinfo=UTC)
STOCK: Json = {
    "stock": {
        "management_type": "Variation",
        "management_variation": {
            "patterns": [
                {"pattern": ["ネイビー", "M"], "quantity": 12, "alert_threshold": 3},
                {"pattern": ["ネイビー", "L"], "quantity": 99999999, "alert_threshold": 0},
            ]
        },
    }
}
ITEMS: Json = {"total_count": 1, "contents": [{"item_code": "TS-100", "item_name": "シャツ"}]}


class Dated(Told):
    at: Date


def status_of(**basic: object) -> ShopServeStatus:
    raw = shopserve_order()
    place = raw["basic"]
    assert isinstance(place, dict)
    place.update(basic)
    status = details.order(raw).status
    assert isinstance(status, ShopServeStatus)
    return status


def test_an_order_is_read_whole() -> None:
    order = details.order(shopserve_order())

    assert (order.key, order.number) == ("SC-1", "00010042")
    assert order.ordered_at == datetime(2026, 10, 3, 1, 15, 42, tzinfo=UTC)
    assert order.payment_method == "CreditCard"
    assert order.payment_name == "クレジットカード決済"
    assert order.buyer.address == "東京都千代田区千代田0-0-0 試験荘1"
    assert order.buyer.email == "hanako@example.com"
    assert order.destinations[0].wishes == Wishes("2026-10-08", "午前中", "玄関先に")
    assert order.charges == Charges(660, 330, 150, 20, 0, 7480)


def second_place(**told: object) -> Json:
    """The sample order with a second destination that differs in what it wishes."""
    raw = shopserve_order()
    places = cast("list[Json]", raw["deliveries"])
    places.append({**places[0], "delivery_no": 2, **told})
    return raw


def test_imp_19_each_destination_tells_its_own_wishes() -> None:
    raw = second_place(
        desired_delivery_date="2026/10/9", desired_delivery_time=None, noshi="御祝 佐伯"
    )

    first, second = details.order(raw).destinations

    assert first.wishes == Wishes("2026-10-08", "午前中", "玄関先に")
    assert second.wishes == Wishes("2026-10-09", "", "玄関先に", "のし: 御祝 佐伯")


@pytest.mark.parametrize(
    ("told", "gift"),
    [
        ({"wrapping": "Yes"}, "ラッピング: Yes"),
        ({"wrapping": True}, "ラッピング: あり"),
        ({"wrapping": "No", "noshi": None, "message_card": False}, ""),
        ({"noshi": {"type": "内のし", "name": None}}, "のし: type: 内のし"),
        ({"noshi": [], "message_card": ["おめでとう", ""]}, "メッセージカード: おめでとう"),
        ({"noshi": "蝶結び", "wrapping": "赤"}, "のし: 蝶結び / ラッピング: 赤"),
        ({"noshi": [[[[[[["deep"]]]]]]]}, ""),
    ],
)
def test_imp_19_gift_notes_may_come_in_any_form(told: Json, gift: str) -> None:
    assert details.order(second_place(**told)).destinations[1].wishes.gift == gift


def test_imp_19_a_date_that_is_none_is_kept_as_the_cart_wrote_it() -> None:
    raw = second_place(desired_delivery_date="なるべく早く")

    assert details.order(raw).destinations[1].wishes.date == "なるべく早く"


def test_imp_19_options_of_a_line_are_kept() -> None:
    raw = shopserve_order()
    place = cast("list[Json]", raw["deliveries"])[0]
    cast("list[Json]", place["items"])[0]["options"] = [{"name": "名入れ", "value": "花子"}]

    assert details.order(raw).lines[0].options == ("名入れ: 花子",)


def test_a_destination_and_its_lines_are_read() -> None:
    order = details.order(shopserve_order())

    (place,) = order.destinations
    assert (place.number, place.carrier, place.shipped) == (1, "ヤマト運輸", False)
    assert place.tracking_numbers == ("0000-0000-0000",)
    assert place.recipient.name == "試験 一郎"
    assert order.lines == (
        CartLine(
            key="1-1",
            destination=1,
            item_code="TS-100",
            name="綿Tシャツ",
            quantity=2,
            unit_price_yen=3410,
            options_yen=0,
            total_yen=6820,
            tax_rate=10,
            item=("TS-100", "ネイビー", "M"),
            has_variation=True,
            choices=("ネイビー", "M"),
        ),
    )


def test_numerals_may_come_as_text() -> None:
    raw = with_numerals_as_text(shopserve_order())
    assert isinstance(raw, dict)

    assert details.order(raw) == details.order(shopserve_order())


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("Authorized", Settlement.AUTHORIZED),
        ("与信OK", Settlement.AUTHORIZED),
        ("与信ＯＫ", Settlement.AUTHORIZED),
        ("依頼中", Settlement.REQUESTING),
        ("決済依頼済", Settlement.REQUESTED),
        ("決済依頼済み", Settlement.REQUESTED),
        ("回収予定10/5", Settlement.COLLECTION_SCHEDULED),
        ("回収予定", Settlement.COLLECTION_SCHEDULED),
        ("ハガキ発送済み10/3", Settlement.SLIP_SENT),
        ("回収済", Settlement.COLLECTED),
        ("キャンセル", Settlement.CANCELED),
        ("エラー", Settlement.ERROR),
        ("None", Settlement.NONE),
        (None, Settlement.UNTOLD),
        ("", Settlement.UNTOLD),
    ],
)
def test_settlement_is_told_by_literal_or_by_text(word: object, meaning: Settlement) -> None:
    """RET-5: a settlement that is not told is no proof that none was requested."""
    status = status_of(settlement_status=word)

    assert status.settlement is meaning
    assert status.unknown_literals == ()


def test_the_words_of_the_screen_mean_the_same_as_the_literals() -> None:
    status = status_of(
        folder="取引完了フォルダ", confirm_status="確認済", payment_status="入金済み", cancel="Yes"
    )

    assert status == ShopServeStatus(
        folder=Folder.COMPLETED,
        confirmed=True,
        shipped=False,
        paid=True,
        settlement=Settlement.AUTHORIZED,
        cancelled=True,
        test=False,
    )


def test_unknown_words_change_nothing_and_are_reported() -> None:
    status = status_of(
        folder="Attic",
        confirm_status="Maybe",
        shipping_status="Gone",
        payment_status=["Paid"],
        settlement_status="New",
        cancel="Perhaps",
    )

    assert (status.folder, status.settlement) == (Folder.UNKNOWN, Settlement.UNKNOWN)
    assert (status.confirmed, status.shipped, status.paid) == (None, None, None)
    assert status.cancelled is None
    assert status.unknown_literals == (
        "basic.folder=Attic",
        "basic.confirm_status=Maybe",
        "basic.shipping_status=Gone",
        "basic.payment_status=(list)",
        "basic.settlement_status=New",
        "basic.cancel=Perhaps",
    )


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-03 10:15:42",
        "2026/10/03 10:15:42",
        "2026-10-03T10:15:42",
        "2026-10-03T10:15:42+09:00",
        "2026-10-03T01:15:42Z",
        "2026/10/3 10:15:42",
    ],
)
def test_times_are_read_in_every_form_seen(text: str) -> None:
    assert read(Dated, {"at": text}).at == datetime(2026, 10, 3, 1, 15, 42, tzinfo=UTC)


def test_a_bare_date_is_midnight_in_tokyo() -> None:
    assert read(Dated, {"at": "2026/10/03"}).at == datetime(2026, 10, 2, 15, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30", "1026-01-01", "2026-10-03 25:00:00"])
def test_what_is_no_time_is_undecodable(text: str) -> None:
    raw = shopserve_order()
    raw["basic"] = {**cast(Json, raw["basic"]), "order_date": text}

    with pytest.raises(Undecodable, match=r"^basic\.order_date: not a date"):
        details.order(raw)


def test_the_window_is_written_in_tokyo_time() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-5)))

    assert orders.by_window(Window(elsewhere, NOON)) == {
        "since": "2026-10-03 12:00:00",
        "until": "2026-10-03 12:00:00",
    }


@pytest.mark.parametrize("name", ["orders", "contents"])
def test_a_page_is_found_under_either_name(name: str) -> None:
    page = orders.page({"total_count": "1", name: [shopserve_order()]})

    assert page.total == 1
    assert [row.key for row in page.rows] == ["SC-1"]


def test_a_row_with_an_odd_date_is_listed_all_the_same() -> None:
    raw = {**shopserve_order(), "basic": {"order_date": "soon"}}

    (row,) = orders.page({"orders": [raw]}).rows
    assert row.ordered_at is None


def test_a_method_without_code_goes_by_its_name() -> None:
    raw = {**shopserve_order(), "payment": {"method_code": None, "method_name": "銀行振込"}}

    assert details.order(raw).payment_method == "銀行振込"


def _place(raw: Json) -> Json:
    places = raw["deliveries"]
    assert isinstance(places, list)
    place: Json = places[0]
    return place


def _line(raw: Json) -> Json:
    lines = _place(raw)["items"]
    assert isinstance(lines, list)
    line: Json = lines[0]
    return line


@pytest.mark.parametrize("told", [None, []])
def test_imp_15_an_order_without_destinations_or_lines_is_undecodable(told: object) -> None:
    second = {**_place(shopserve_order()), "delivery_no": 2, "items": told}
    half = {**shopserve_order(), "deliveries": [_place(shopserve_order()), second]}

    with pytest.raises(Undecodable, match=r"deliveries\[1\]\.items: not there"):
        details.order(half)
    with pytest.raises(Undecodable, match="deliveries: not there"):
        details.order({**shopserve_order(), "deliveries": told})


@pytest.mark.parametrize("gone", [{"cancel": "Yes"}, {"folder": "Canceled"}, {"folder": "Trash"}])
def test_sts_04_a_cancelled_order_may_have_lost_its_lines(gone: Json) -> None:
    raw = {**shopserve_order(), "deliveries": []}
    raw["basic"] = {**shopserve_order()["basic"], **gone}  # type: ignore[dict-item]

    assert details.order(raw).lines == ()


@pytest.mark.parametrize("flag", ["cancel", "test_order"])
@pytest.mark.parametrize("word", [None, "", "Perhaps"])
def test_imp_05_a_flag_that_is_not_told_is_not_taken_for_a_no(flag: str, word: object) -> None:
    status = status_of(**{flag: word})

    assert None in {status.cancelled, status.test}
    assert status.unknown_literals == (f"basic.{flag}={word or ''}",)


@pytest.mark.parametrize("told", [None, [None], ["", "M"], [""], ["ネイビー", None]])
def test_imp_18_a_choice_that_went_missing_does_not_make_another_sku(told: object) -> None:
    raw = shopserve_order()
    _line(raw)["variation"] = told

    with pytest.raises(Undecodable, match="variation"):
        details.order(raw)


@pytest.mark.parametrize(
    ("told", "choices"), [([], ()), (["M", "", ""], ("M",)), (["赤", "M"], ("赤", "M"))]
)
def test_imp_18_blank_names_behind_the_last_axis_say_nothing(
    told: object, choices: tuple[str, ...]
) -> None:
    raw = shopserve_order()
    _line(raw)["variation"] = told

    assert details.order(raw).lines[0].choices == choices


def test_cls_3_a_row_without_its_key_is_apart_with_what_it_tells() -> None:
    nameless = {**shopserve_order(), "serial_code": {}}
    page = orders.page({"total_count": 9, "orders": [None, nameless, shopserve_order()]}, 100)

    assert [row.key for row in page.rows] == ["SC-1"]
    nothing, lost = page.rows.unreadable
    assert (nothing.position, nothing.label, nothing.ordered_at) == (101, "", None)
    assert (lost.position, lost.label) == (102, "00010042")
    assert lost.ordered_at == datetime(2026, 10, 3, 1, 15, 42, tzinfo=UTC)
    assert "試験" not in repr(lost)
    assert (page.size, page.total) == (3, 9)


def test_cls_3_a_total_nobody_can_read_is_none() -> None:
    assert orders.page({"total_count": ["?"], "orders": []}).total is None
    assert stock.item_page({"total_count": {}, "contents": []}).total is None


def test_two_destinations_may_not_share_a_number() -> None:
    raw = shopserve_order()
    places = raw["deliveries"]
    assert isinstance(places, list)

    with pytest.raises(Undecodable, match=r"deliveries\[1\]\.delivery_no"):
        details.order({**raw, "deliveries": [*places, *places]})


def test_the_shipping_result_writes_over_the_provisional_number() -> None:
    assert orders.shipping_result(CartParcel("YAMATO", "4000-12", date(2026, 10, 6))) == {
        "carrier_code": "YAMATO",
        "tracking_numbers": ["4000-12"],
        "scheduled_shipping_date": "2026-10-06",
        "shipped_date": "2026-10-06",
        "shipping_status": "Shipped",
        "send_mail": "No",
    }


def test_stock_places_are_found_by_their_choices() -> None:
    places = stock.stock(STOCK)

    found = stock.find(places, "ネイビー/M")
    assert found is not None
    assert (found.quantity, found.notice, found.unlimited) == (12, 3, False)
    assert stock.find(places, "ネイビー/S") is None
    assert stock.external(stock.ListedItem("TS", "シャツ"), places[1]).unlimited


def test_an_unlimited_update_carries_nothing_else() -> None:
    level = StockLevel(5, unlimited=True, low_stock=2)

    assert stock.update(level, ("赤",), 2) == {"variation_name1": "赤", "unlimited": "Yes"}


def test_cls_9_a_refusal_is_the_carts_own_json_and_nothing_else() -> None:
    body = '{"error_code":"E1","message":"不正です。","errors":[{"field":"q","message":"x"}]}'
    long = '{"message":"%s"}' % ("x" * 5000)

    assert refusals.refusal(body.encode()) == ("E1", "不正です。 q x")
    assert refusals.refusal(long.encode()) == ("", "x" * 300)
    for other in (b"<html><h1>Bad</h1></html>", b"[1]", b'"no"', b"", b"{"):
        assert refusals.refusal(other) is None
    for nameless in (b"{}", b"[]", b'{"allowed": false}'):
        assert refusals.refusal(nameless) == ("", "")


@given(raw=order_like(shopserve_order()))
def test_any_order_is_read_or_undecodable(raw: Json) -> None:
    check_read_or_undecodable(lambda _: details.order(raw), raw)


PAGE: Json = {"total_count": 2, "orders": [shopserve_order(), shopserve_order()]}


@given(body=body_like(PAGE, {"contents": PAGE["orders"]}))
def test_any_page_is_read_or_undecodable(body: object) -> None:
    check_read_or_undecodable(orders.page, body)


@given(body=body_like(STOCK, ITEMS))
def test_any_stock_and_item_list_is_read_or_undecodable(body: object) -> None:
    for reader in (stock.stock, stock.item_page):
        check_read_or_undecodable(reader, body)


@given(body=st.binary(max_size=200))
def test_any_refusal_is_read(body: bytes) -> None:
    code, text = refusals.refusal(body) or ("", "")

    assert len(code) <= 50
    assert len(text) <= 300


def test_item_keys_keep_the_choices_of_the_pattern() -> None:
    place = stock.stock(STOCK)[0]

    assert stock.external(stock.ListedItem("TS", "シャツ"), place).key == ItemKey(
        "TS", "ネイビー/M"
    )


def test_cls_9_an_empty_array_where_an_object_belongs_is_an_empty_object() -> None:
    bare: Json = {**shopserve_order(), "memo": []}

    assert details.order(bare) == details.order({**shopserve_order(), "memo": {}})
    assert refusals.refusal(b"[]") == ("", "")
    with pytest.raises(Undecodable, match=r"basic\.order_number"):
        details.order({**shopserve_order(), "basic": []})


@pytest.mark.parametrize("code", [4_912_345_678_904, 10**30, 4_912_345_678_904.0])
def test_cls_9_a_code_may_come_as_a_number_of_any_length(code: float) -> None:
    listed: Json = {"total_count": 1, "contents": [{"item_code": code, "item_name": 7}]}

    (row,) = stock.item_page(listed).rows
    assert isinstance(row, stock.ListedItem)
    assert (row.code, row.name) == (str(int(code)), "7")
    (order,) = orders.page({"total_count": 1, "orders": [{"serial_code": code}]}).rows
    assert order.key == str(int(code))
    assert refusals.refusal(b'{"error_code": 4912345678904, "message": 5}') == (
        "4912345678904",
        "5",
    )


def test_cls_9_a_number_that_may_have_lost_digits_is_no_code() -> None:
    (row,) = stock.item_page({"total_count": 1, "contents": [{"item_code": 1e30}]}).rows

    assert not isinstance(row, stock.ListedItem)

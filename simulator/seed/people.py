"""Invented buyers. Telephone numbers and house numbers are impossible ones."""

import random
from dataclasses import dataclass

_FAMILIES = (
    ("佐伯", "サエキ"),
    ("三枝", "サエグサ"),
    ("小野寺", "オノデラ"),
    ("水無月", "ミナヅキ"),
    ("桐生", "キリュウ"),
    ("早乙女", "サオトメ"),
    ("神田川", "カンダガワ"),
    ("星野", "ホシノ"),
    ("鷹取", "タカトリ"),
    ("綾瀬", "アヤセ"),
)
_GIVEN = (
    ("結衣", "ユイ"),
    ("陽翔", "ハルト"),
    ("さくら", "サクラ"),
    ("蓮", "レン"),
    ("美月", "ミツキ"),
    ("大和", "ヤマト"),
    ("千尋", "チヒロ"),
    ("悠真", "ユウマ"),
)
_PLACES = (
    ("0600000", "北海道", "札幌市中央区北九条", "011"),
    ("9800000", "宮城県", "仙台市青葉区青葉町", "022"),
    ("1000001", "東京都", "千代田区千代田", "03"),
    ("2200000", "神奈川県", "横浜市西区港町", "045"),
    ("4600000", "愛知県", "名古屋市中区栄町", "052"),
    ("5300001", "大阪府", "大阪市北区梅田", "06"),
    ("7300000", "広島県", "広島市中区中島", "082"),
    ("8100000", "福岡県", "福岡市中央区天神町", "092"),
)
_TEL_DIGITS = 10
_BUILDINGS = ("", "", "みどりハイツ101", "第二あおぞらビル 3階", "コーポ曙 205")


@dataclass(frozen=True, slots=True)
class Person:
    """A buyer or a recipient.

    Attributes:
        postal_code: seven digits without hyphen.
        tel: ten digits without hyphen.
    """

    family: str
    given: str
    kana: str
    postal_code: str
    prefecture: str
    street: str
    building: str
    tel: str
    mail: str


def invent_person(chance: random.Random) -> Person:
    """Return somebody who does not exist."""
    family, given = chance.choice(_FAMILIES), chance.choice(_GIVEN)
    postal_code, prefecture, town, area = chance.choice(_PLACES)
    number = chance.randrange(10_000)
    subscriber = f"{number:04}".zfill(_TEL_DIGITS - len(area))
    return Person(
        family=family[0],
        given=given[0],
        kana=f"{family[1]} {given[1]}",
        postal_code=postal_code,
        prefecture=prefecture,
        street=f"{town}{90 + number % 10}-{90 + number // 10 % 10}-{90 + number // 100 % 10}",
        building=chance.choice(_BUILDINGS),
        tel=f"{area}{subscriber}",
        mail=f"buyer{number:04}@example.jp",
    )

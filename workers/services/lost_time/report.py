"""What `renkei db restored` found, for a person to look at."""

from dataclasses import KW_ONLY, dataclass, field


@dataclass(frozen=True, slots=True)
class StockDifference:
    """A stock place whose shop shows another number than the warehouse would offer.

    Attributes: shop_shows, we_offer: pieces; None = unlimited, or nothing is offered.
    """

    item: str
    variation: str
    sku: str
    _: KW_ONLY
    shop_shows: int | None
    we_offer: int | None


@dataclass(slots=True, kw_only=True)
class ShopReport:
    """What became of one shop. Orders are named by their numbers here, or by key where none exist.

    Attributes:
        waits: why nothing is sent for it yet; blank: it works again.
        needs_authorisation: its credentials were refused.
        on_hold: not known here, taken over on hold: the warehouse may have worked on them.
        shipped: not known here, and shipped in the cart: taken over as returned.
        caught_up: known here, and shipped in the cart meanwhile.
        cancelled: known here, and cancelled in the cart: sync_status follows it.
        left_out: not taken over, with the reason.
        failed: to be taken over, but cannot be; each import tries again.
        open: known here and open in both: what the warehouse did to them since then is lost.
        stock: None where it was not compared; `stock_unread` says why.
    """

    merchant: str
    shop: str
    waits: str = ""
    needs_authorisation: bool = False
    on_hold: list[str] = field(default_factory=list)
    shipped: list[str] = field(default_factory=list)
    caught_up: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    open: int = 0
    stock: list[StockDifference] | None = None
    stock_unread: str = ""

    def line(self) -> str:
        """Return the shop's line of the API log."""
        return (
            "データベースの復元後、カートを読み直しました。"
            f"(出荷済み:{len(self.shipped) + len(self.caught_up)}保留:{len(self.on_hold)}"
            f"キャンセル:{len(self.cancelled)}取込不可:{len(self.failed)})"
            " 保留の注文と在庫を確認し、在庫連携の停止を解除してください。"
        )

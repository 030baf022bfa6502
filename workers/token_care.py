"""Looking after BASE tokens while nothing else happens (CLS-6)."""

import logging
from datetime import UTC, datetime

from adapters.postgres import journal, tokens
from adapters.postgres.database import transaction
from adapters.postgres.journal import LogLine
from domain.actions import Action
from domain.errors import SyncError
from workers.process import Process
from workers.tokens import SharedTokens

_log = logging.getLogger(__name__)


def refresh_ending(process: Process) -> None:
    """Refresh access tokens that end soon; warn of refresh tokens that end within days."""
    with transaction(process.engine) as connection:
        ending = tokens.ending_soon(connection)
        for shop_id, ends_at in tokens.warn_once_a_day(connection):
            days = max(0, (ends_at - datetime.now(UTC)).days)
            journal.log(
                connection,
                shop_id=shop_id,
                run_id=None,
                action=Action.IMPORT_ORDERS,
                line=LogLine(
                    f"BASEの認証があと{days}日で切れます。"
                    "renkei shop authorize で再認証してください。",
                    "warning",
                    needs_person=True,
                ),
            )
    for shop_id in ending:
        try:
            shop = process.directory.shop(shop_id)
            SharedTokens(shop, process.token_tools).access_token()
        except SyncError as error:
            _log.warning("token not refreshed: %s", error, extra={"fields": {"shop": shop_id}})

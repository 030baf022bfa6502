"""Moments and days on the command line: ISO 8601, without an offset in Tokyo."""

from datetime import UTC, date, datetime

import click

from domain.engine.cadence import TOKYO


class MomentType(click.ParamType[datetime]):
    """`2025-01-01T10:00:05`, `2025-01-01 10:00`, `2025-01-01` (midnight), or with an offset."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return an aware moment in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            read = datetime.fromisoformat(str(value).strip())
            return (read if read.tzinfo else read.replace(tzinfo=TOKYO)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is not a time: write it like 2025-01-31T18:00 (Tokyo)"
                " or 2025-01-31T09:00:00Z",
                param,
                ctx,
            )


class DayType(click.ParamType[date]):
    """`2025-01-01`."""

    name = "day"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        """Return a day of Tokyo's calendar."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value).strip())
        except ValueError:
            self.fail(f"{value!r} is not a day: write it like 2025-01-31", param, ctx)


MOMENT = MomentType()
DAY = DayType()

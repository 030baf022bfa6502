"""What component tests may ask for."""

from pathlib import Path

import pytest

from tests.component.command_line import SECRET_KEY, CommandLine


@pytest.fixture
def renkei(database_url: str, redis_url: str, tmp_path: Path) -> CommandLine:
    """The command line on an empty, migrated database."""
    environment = {
        "RENKEI_DATABASE_URL": database_url,
        "RENKEI_REDIS_URL": redis_url,
        "RENKEI_SECRET_KEYS": SECRET_KEY,
        "RENKEI_HOME": str(tmp_path / "home"),
    }
    return CommandLine(environment, tmp_path)

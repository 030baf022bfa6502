"""The table of settings: every problem at once, and `deploy/env.example` says the same."""

import re
from pathlib import Path

import pytest

from workers.settings import VARIABLES, BadSettings, Settings

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "deploy" / "env.example"
KEY = "a-key-of-more-than-thirty-two-characters"


def test_nothing_set_means_private_servers_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    settings = Settings.from_environ({})

    assert settings.home == tmp_path / ".renkei"
    assert settings.private
    assert (settings.merchant, settings.threads, settings.workers) == ("default", 16, None)


def test_one_message_names_every_problem() -> None:
    with pytest.raises(BadSettings) as caught:
        Settings.from_environ(
            {
                "RENKEI_DATABASE_URL": "mysql://x",
                "RENKEI_REDIS_URL": "memcached://x",
                "RENKEI_SECRET_KEYS": "short",
                "RENKEI_WORKERS": "many",
                "RENKEI_LOG_FORMAT": "xml",
                "RENKEI_HOEM": "/typing/error",
            }
        )

    message = str(caught.value)
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEYS", "WORKERS", "LOG_FORMAT", "HOEM"):
        assert f"RENKEI_{name}" in message


def test_a_configured_database_needs_keys() -> None:
    with pytest.raises(BadSettings, match="RENKEI_SECRET_KEYS"):
        Settings.from_environ({"RENKEI_DATABASE_URL": "postgresql+psycopg://u@h/n"})


@pytest.mark.parametrize("number", ["0", "65", "-1", "1.5", "٣", ""])
def test_numbers_of_processes_are_1_to_64(number: str) -> None:
    if number == "":
        assert Settings.from_environ({"RENKEI_WORKERS": number}).workers is None
        return
    with pytest.raises(BadSettings):
        Settings.from_environ({"RENKEI_WORKERS": number})


def test_the_example_names_every_variable_once_with_its_meaning_and_default() -> None:
    text = EXAMPLE.read_text()
    names = re.findall(r"^#?(RENKEI_[A-Z_]+)=", text, re.MULTILINE)

    assert names == [variable.name for variable in VARIABLES]
    comments = " ".join(line.removeprefix("#").strip() for line in text.splitlines())
    for variable in VARIABLES:
        assert variable.meaning in comments, variable.name
        assert f"(default: {variable.default})" in comments, variable.name


def test_the_example_needs_only_a_key_to_be_accepted() -> None:
    lines = [line for line in EXAMPLE.read_text().splitlines() if line[:1].isalpha()]
    environ = dict(line.split("=", 1) for line in lines)
    with pytest.raises(BadSettings):
        Settings.from_environ(environ)

    settings = Settings.from_environ({**environ, "RENKEI_SECRET_KEYS": KEY})

    assert settings.database_url is not None
    assert settings.redis_url is not None
    assert environ["POSTGRES_PASSWORD"] in settings.database_url
    assert environ["VALKEY_PASSWORD"] in settings.redis_url

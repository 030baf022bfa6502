"""Calling the command line in a test: in this process, or as people do."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from console.main import cli

ROOT = Path(__file__).parents[2]
# Until a process counts as hanging, on a machine at a load of thirty; nothing is measured by it.
PATIENCE_S = 240.0
SECRET_KEY = "a-key-for-tests-of-at-least-32-characters"
SHOPSERVE_SECRETS = '{"shop_id": "kura", "manager_key": "top-secret-1"}'
BASE_SECRETS = json.dumps(
    {
        "client_id": "the-client",
        "client_secret": "top-secret-2",
        "redirect_uri": "https://shop.example/callback",
        "access_token": "top-secret-3",
        "refresh_token": "top-secret-4",
    }
)


@dataclass(frozen=True)
class Answer:
    """What a call of the command line left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 -- whatever was printed
        """The one document on standard output."""
        return json.loads(self.out)


@dataclass(frozen=True)
class CommandLine:
    """`renkei` with the settings of one test. Args: environment: the RENKEI_ variables."""

    environment: Mapping[str, str]
    folder: Path

    def __call__(self, *arguments: str, stdin: str | bytes | None = None) -> Answer:
        """Run a command in this process."""
        result = CliRunner(env=dict(self.environment)).invoke(cli, list(arguments), input=stdin)
        return Answer(result.exit_code, result.stdout, result.stderr)

    def ok(self, *arguments: str, stdin: str | bytes | None = None) -> Answer:
        """Run a command that has to work."""
        answer = self(*arguments, stdin=stdin)
        assert answer.code == 0, (arguments, answer)
        return answer

    def read(self, *arguments: str, stdin: str | None = None) -> Any:  # noqa: ANN401 -- as printed
        """Return the JSON of a command that has to work."""
        return self.ok(*arguments, "--json", stdin=stdin).json

    def process(self, *arguments: str, stdin: bytes = b"") -> Answer:
        """Run the real command as a process of its own, from another folder."""
        code = "import console.main; console.main.main()"
        clean = {name: value for name, value in os.environ.items() if "RENKEI" not in name}
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={**clean, "PYTHONPATH": str(ROOT), **self.environment},
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
        )
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    def add_shopserve(self, key: str = "kura", *more: str, account: str = "") -> None:
        """Add a ShopServe shop. Args: account: its id at the cart; blank = its key."""
        words = ("shop", "add", key, "--cart", "shopserve", "--name", "蔵", "--secrets-stdin")
        secrets = json.dumps({"shop_id": account or key, "manager_key": "top-secret-1"})
        self.ok(*words, *more, stdin=secrets)

    def add_base(self, key: str = "tote", *more: str) -> None:
        """Add an authorised BASE shop."""
        words = ("shop", "add", key, "--cart", "thebase", "--name", "トート", "--secrets-stdin")
        self.ok(*words, *more, stdin=BASE_SECRETS)

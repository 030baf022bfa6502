"""What chaos tests may ask for."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import _memory_folder


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of its own, in memory where there is room."""
    folder = Path(tempfile.mkdtemp(prefix="renkei-chaos-", dir=_memory_folder()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

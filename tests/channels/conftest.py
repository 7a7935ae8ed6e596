"""No test of a channel leaves this machine."""

from collections.abc import Iterator

import pytest

from .harness import only_local


@pytest.fixture(autouse=True)
def _wall() -> Iterator[None]:
    with only_local():
        yield

"""No test of a channel leaves this machine."""

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite(f"{__package__}.harness")

from .harness import only_local  # noqa: E402 - after its asserts are made to explain themselves


@pytest.fixture(autouse=True)
def _wall() -> Iterator[None]:
    with only_local():
        yield

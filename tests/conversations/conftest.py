"""The associations, loaded once a worker."""

from pathlib import Path

import pytest

from conversations.association.association import Association
from conversations.association.load import load_associations


@pytest.fixture(scope="session")
def associations() -> dict[str, Association]:
    loaded = load_associations(Path(__file__).parents[2] / "deploy" / "associations")
    return {association.slug: association for association in loaded}

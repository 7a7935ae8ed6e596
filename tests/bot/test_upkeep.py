"""What is kept goes when its days are over: by rounds, with its files, and only then."""

from datetime import timedelta
from typing import Any

import pytest

from storage import retention
from storage.blobs import Missing
from tests.bot.desk import PDF, Desk, Person


@pytest.fixture(autouse=True)
def _ids_of_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids are drawn by the clock on the wall, and the desk's stands still."""
    monkeypatch.setattr(retention, "id_at", lambda _: 2**62)


async def keep(desk: Desk, **span: float) -> None:
    desk.now += timedelta(**span)
    for name in ("retain", "erase", "retain", "audit"):
        await desk.rounds.seconds[name][1]()


async def test_what_was_begun_and_left_goes_then_what_was_said_then_the_address(desk: Desk, noura: Person) -> None:
    await noura.open("complain")
    while (draft := noura.where.open) is not None and draft.step != "evidence":
        await noura.go_on()
    await noura.file(PDF)
    await desk.later(seconds=5)
    (file,) = desk.rows("files")
    assert desk.blobs.get("harif", file.id) == PDF
    days = desk.associations["harif"].profile.privacy.retention_days
    assert (days["draft"], days["conversation"]) == (180, 365)
    await keep(desk, days=179)
    assert noura.where.open is not None
    await keep(desk, days=2)
    assert noura.where.open is None
    assert not desk.rows("files")
    with pytest.raises(Missing):
        desk.blobs.get("harif", file.id)
    assert desk.rows("messages")
    await keep(desk, days=185)
    for table in ("conversations", "messages", "beneficiaries", "timers"):
        assert not desk.rows(table), table
    assert [row.act for row in desk.rows("audit")] == ["draft.erased", "address.erased"]
    assert len(desk.rows("audit_links")) == 2


async def test_bytes_that_could_not_be_deleted_are_tried_again(desk: Desk, noura: Person, monkeypatch: Any) -> None:
    await noura.open("complain")
    while (draft := noura.where.open) is not None and draft.step != "evidence":
        await noura.go_on()
    await noura.file(PDF)
    await desk.later(seconds=5)
    (file,) = desk.rows("files")
    delete = desk.blobs.delete

    def away(*about: Any) -> None:
        raise OSError

    monkeypatch.setattr(desk.blobs, "delete", away)
    with pytest.raises(OSError):
        await keep(desk, days=181)
    assert [row.state for row in desk.rows("files")] == ["erasing"]
    monkeypatch.setattr(desk.blobs, "delete", delete)
    await keep(desk)
    assert not desk.rows("files")
    with pytest.raises(Missing):
        desk.blobs.get("harif", file.id)

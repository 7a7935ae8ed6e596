"""Nothing that staff type, upload or are told lies in the clear: not in the database, not beside it, not in a log."""

import logging
from pathlib import Path
from typing import Any

import pytest

from conversations.association.association import Association
from conversations.rights import WORKER_ROLES
from storage import sittings
from storage.sittings import Sitting
from storage.times import ms
from tests.desk.house import Browser, House
from tests.desk.pictures import fill
from tests.desk.test_rights import pages, path_of, rows

MARK = "كلمةلايعرفهاأحد"
FIELDS = (
    *(
        "text",
        "note",
        "reason",
        "word",
        "what",
        "title",
        "name",
        "login",
        "remarks",
        "place",
        "wish",
        "words",
        "result",
    ),
    *("help", "answer", "reply", "value", "kept", "password", "current", "again", "code", "old", "reference", "act"),
    *("decision", "vote", "outcome", "item", "field", "step", "why", "to", "kind", "committee", "document", "version"),
    *("subject", "category", "branch", "staff", "conversation", "day", "hour", "day1", "hour1", "minutes", "back"),
)
"""What forms of the desk call what is typed."""


def clear(house: House, folder: Path) -> list[str]:
    """Files in which the word can be read."""
    house.database.write_now(lambda c: None)
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and any(MARK.encode(code) in path.read_bytes() for code in ("utf-8", "utf-16-le"))
    ]


def _bytes(found: list[Any]) -> bytes:
    return b" ".join(value for row in found for value in row if isinstance(value, bytes))


def does(house: House, worker: Browser) -> int:
    """What succeeds: one of everything that keeps what was typed."""
    (conversation, case) = (house.person("7100").id, int(house.line.rows("cases", "id")[0][0]))
    given = Sitting("harif", 0, "committee", 0, starts=ms(house.now), by=1, at=ms(house.now))

    def sit(connection: Any) -> int:
        made = sittings.plan(connection, house.vault, given)
        sittings.put_on(connection, "harif", made.id, [case])
        return made.id

    sitting = house.do(sit)
    forms: list[tuple[str, dict[str, Any]]] = [
        (f"/conversation/{conversation}/note", {"note": MARK}),
        (f"/conversation/{conversation}/take", {}),
        (f"/conversation/{conversation}/draft", {"text": MARK}),
        (f"/conversation/{conversation}/reply", {"text": MARK, "seen": "99"}),
        (f"/conversation/{conversation}/block", {"why": "spam", "reason": MARK}),
        (f"/case/{case}/note", {"note": MARK}),
        (f"/clocks/{case}/pause", {"reason": MARK}),
        (f"/committee/{sitting}/attendance", {"present": str(worker.id), "remarks": MARK}),
        (f"/committee/{sitting}/vote", {"case": str(case), "vote": "for", "reason": MARK}),
        (f"/committee/{sitting}/decide", {"case": str(case), "decision": "postponed", "reason": MARK}),
        ("/committee", {"committee": "committee", "day": "2026-12-01", "hour": "10:00", "place": MARK}),
        ("/people/invite", {"login": f"{MARK}@harif.example", "name": MARK, "role": "committee"}),
        ("/account", {"name": MARK, "language": "ar"}),
        ("/cases/search", {"what": MARK}),
    ]
    taken = 0
    for path, fields in forms:
        status = worker.post(path, follow=False, **fields).status_code
        taken += status in (200, 204, 303)
    made = worker.post("/appointments", follow=False, kind="interview", case=str(case)).headers["location"]
    confirmed = worker.post(made, act="confirm", day1="2026-12-01", hour1="10:00", place=MARK)
    return taken + int(confirmed.status_code == 200)


def test_what_staff_type_is_nowhere_in_the_clear(
    associations: dict[str, Association], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    house = House(associations, tmp_path)
    fill(house)
    worker = house.worker(*WORKER_ROLES, woman=True)
    assert does(house, worker) >= 12
    everything = dict.fromkeys(FIELDS, MARK)
    for page in pages(house, "POST"):
        worker.post(path_of(house, page, worker.id), follow=False, **everything)
        assert MARK not in str(worker.client.cookies), page.path
    for page in pages(house, "GET"):
        if page.path != "/live":
            worker.get(f"{path_of(house, page, worker.id)}?act={MARK}&who={MARK}&day={MARK}&said={MARK}")
    house.settle()
    house.later(hours=2)
    kept = {
        table for table, found in rows(house, "harif").items() if MARK in repr(found) or MARK.encode() in _bytes(found)
    }
    assert len(kept) >= 8, ("opened, it is all there", kept)
    assert clear(house, tmp_path) == []
    assert [one.getMessage() for one in caplog.records if MARK in str(one.__dict__)] == []
    house.close()

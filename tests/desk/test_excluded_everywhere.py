"""Whoever is complained about, whatever their role: no page, no file, no stream, no alarm and no reminder tells them.

The pages are read from the rooms' own tables: a room that is added is held to this without a line here.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot import appointments
from bot.desk.room import Page
from bot.reminders import Reminders
from conversations.association.association import Association
from conversations.rights import WORKER_ROLES
from storage import excluded, sittings, staff
from storage.sittings import Sitting
from storage.times import ms
from tests.desk.house import Browser, House
from tests.desk.test_rights import PARAMETER, row_of

WORDS = "مكالمة لم يرد عليها أحد من صباح الخميس"


class Hidden:
    """A complaint about a worker who has every role: its rows, all of which they had in hand before anybody knew."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.about = house.worker(*WORKER_ROLES, woman=True, name="نورة السالم")
        self.other = house.worker(*WORKER_ROLES, woman=True, name="هند العتيبي")
        person = house.person("7001")
        person.does(person.open("complain"))
        person.does(person.finish(who="موظفة لا أعرف اسمها", remedy="compensation"))
        person.does(person.say("ابغى موظف"))
        person.does(person.say(WORDS))
        self.conversation = person.id
        self.cases = {int(id): str(reference) for id, reference in house.line.rows("cases", "id", "reference")}
        self.case = min(self.cases)
        self.appointment = house.do(self._meet)
        self.sitting = house.do(self._sit)
        answer = self.other.post(f"/case/{self.case}/exclude", staff=str(self.about.id), reason="هي المقصودة")
        assert answer.status_code == 200
        house.settle()

    def _meet(self, connection: Any) -> int:
        house, by = self.house, f"staff:{self.about.id}"
        more: dict[str, Any] = {"conversation": self.conversation, "case_id": self.case, "staff": self.about.id}
        made = appointments.request(connection, house.vault, "harif", "interview", house.now, by=by, **more)
        when = house.now + timedelta(hours=3)
        appointments.confirm(
            connection, house.vault, "harif", made.id, when, house.now, by=by, tell=appointments.nobody, place=WORDS
        )
        return made.id

    def _sit(self, connection: Any) -> int:
        given = Sitting("harif", 0, "follow_up_committee", 0, starts=ms(self.house.now), by=1, at=ms(self.house.now))
        made = sittings.plan(connection, self.house.vault, given)
        sittings.put_on(connection, "harif", made.id, self.cases)
        return made.id

    def path(self, page: Page) -> str:
        """With its rows where the path names one; else with any."""
        ours = {"case": self.case, "sitting": self.sitting}

        def value(match: re.Match[str]) -> str:
            name = match[1]
            before = page.path[: match.start()].rstrip("/").rpartition("/")[2].removesuffix("s")
            name = before if name == "id" else name
            known = ours | {"conversation": self.conversation, "appointment": self.appointment}
            table = {"staff": "members"}.get(name, f"{name}s")
            return str(known.get(name) or row_of(self.house, table, self.about.id))

        return PARAMETER.sub(value, page.path)

    def told(self, content: bytes) -> list[str]:
        """What of it stands there."""
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                content = b"".join(book.read(name) for name in book.namelist())
        text = content.decode(errors="replace")
        links = [f"/case/{id}" for id in self.cases]
        links += [f"/conversation/{self.conversation}", f"/appointments/{self.appointment}"]
        return [mark for mark in (*self.cases.values(), WORDS, *links) if mark in text]


@pytest.fixture(scope="module")
def hidden(associations: dict[str, Association], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hidden]:
    house = House(associations, tmp_path_factory.mktemp("hidden"))
    yield Hidden(house)
    house.close()


def looked_at(worker: Browser, hidden: Hidden) -> dict[str, tuple[int, list[str]]]:
    """Every page that is read: its status, and what of the complaint it tells."""
    found = {}
    for page in (page for room in hidden.house.desk.rooms for page in room.pages if page.method == "GET"):
        if page.path != "/live":
            answer = worker.get(hidden.path(page))
            found[page.path] = answer.status_code, hidden.told(answer.content)
    assert len(found) > 20
    return found


def test_no_page_and_no_file_tells_the_one_who_is_meant(hidden: Hidden) -> None:
    theirs, others = looked_at(hidden.about, hidden), looked_at(hidden.other, hidden)
    assert {path: told for path, (_, told) in theirs.items() if told} == {}
    telling = {path for path, (status, told) in others.items() if told and status == 200}
    assert telling >= {
        "/inbox",
        "/cases",
        "/clocks",
        "/appointments/{id}",
        "/management/cases.csv",
        "/case/{case}",
        "/audit",
    }
    for path in telling:
        if "{" in path and "sitting" not in path:
            assert theirs[path][0] == 404, path


def test_the_record_of_acts_says_nothing_of_it_to_them(hidden: Hidden) -> None:
    detail = f'<span class="soft ltr">staff:{hidden.about.id}</span>'
    assert detail in hidden.other.get("/audit?act=case.exclude").text, "it is on record"
    assert detail not in hidden.about.get("/audit?act=case.exclude").text
    assert detail not in hidden.about.get("/audit").text


def test_no_form_reaches_what_they_may_not_see(hidden: Hidden) -> None:
    before = [tuple(row) for row in hidden.house.line.rows("cases", "id", "stage", "holder", "moves")]
    for page in (page for room in hidden.house.desk.rooms for page in room.pages if page.method == "POST"):
        if any(f"{{{name}}}" in page.path for name in ("case", "id")):
            answer = hidden.about.post(hidden.path(page), follow=False, case=str(hidden.case), reason="x", note="x")
            assert answer.status_code >= 300, page.path
            assert hidden.told(answer.content) == [], page.path
    for what in (*hidden.cases.values(), "7001", "هيفاء"):
        assert hidden.told(hidden.about.post("/cases/search", what=what).content.replace(what.encode(), b"")) == []
    assert [tuple(row) for row in hidden.house.line.rows("cases", "id", "stage", "holder", "moves")] == before


def test_no_stream_and_no_alarm_tells_them(hidden: Hidden) -> None:
    assert hidden.about.get(f"/live?topics=conversation:{hidden.conversation}").status_code == 404
    codes = " ".join(row[0] for row in hidden.house.line.rows("alarms", "code"))
    assert hidden.told(codes.encode()) == []


def test_what_they_had_agreed_is_somebody_elses_and_not_given_back_to_them(hidden: Hidden) -> None:
    assert [row[0] for row in hidden.house.line.rows("appointments", "staff")] == [None]
    path, when = f"/appointments/{hidden.appointment}", {"day1": "2026-12-01", "hour1": "10:00"}
    answer = hidden.other.post(path, act="move", staff=str(hidden.about.id), **when)
    assert answer.status_code == 422 and "لا يرى" in answer.text
    assert hidden.other.post(path, act="move", staff=str(hidden.other.id), **when).status_code == 200


def test_no_reminder_tells_them(hidden: Hidden) -> None:
    house = hidden.house
    for number, worker in enumerate((hidden.about, hidden.other), 801):
        house.do(staff.bind_telegram, house.vault, worker.id, number)
    rounds = Reminders(house.database, house.line.intake, house.associations, house.papers, None, "")
    for _ in range(20):
        house.line.now += timedelta(days=2)
        house.run(rounds.ring())
    said: dict[str, str] = {"801": "", "802": ""}
    for handle, say, *_ in house.papers["harif", "telegram"].sent:
        said[handle] = said.get(handle, "") + str(say)
    assert any(reference in said["802"] for reference in hidden.cases.values())
    assert hidden.told(said["801"].encode()) == []
    assert excluded.case(hidden.case) in {row[0] for row in house.line.rows("excluded", "subject")}

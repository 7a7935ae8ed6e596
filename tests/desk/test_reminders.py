"""Deadlines bring themselves before those who can act, each rung once, while the office is open."""

import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

import bot.reminders
from bot.desk.words import DeskWords
from bot.mail import Mail, MailFailed
from bot.reminders import RUNGS, Reminders
from conversations.cases.entitlement import Owed
from storage import clocks, entitlements, staff
from storage.ids import new_id
from storage.schema import cases
from storage.times import DAY, ms
from tests.desk.house import Browser, House
from tests.desk.test_moves import does


class Relay(socketserver.ThreadingTCPServer):
    """As much of a mail relay as is needed to take a message."""

    allow_reuse_address = True
    request_queue_size = 32

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.taken: list[tuple[str, str]] = []


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 relay\r\n")
        to = ""
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "RCPT":
                to = line.partition("<")[2].rstrip(">")
            if verb == "DATA":
                self.wfile.write(b"354 go on\r\n")
                body = b""
                while not body.endswith(b"\r\n.\r\n"):
                    body += self.rfile.readline()
                assert isinstance(self.server, Relay)
                self.server.taken.append((to, body.decode()))
            self.wfile.write(b"221 bye\r\n" if verb == "QUIT" else b"250 fine\r\n")
            if verb == "QUIT":
                return


@pytest.fixture
def relay() -> Iterator[Relay]:
    server = Relay()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def ringing(house: House, relay: Relay | None = None) -> Reminders:
    mail = Mail(f"smtp+plain://127.0.0.1:{relay.server_address[1]}", "desk@wasl.example") if relay else None
    return Reminders(house.database, house.line.intake, house.associations, house.papers, mail, "https://wasl.example")


def bound(house: House, worker: Browser, user: int) -> None:
    house.do(staff.bind_telegram, house.vault, worker.id, user)


def read_by(house: House, user: int) -> list[str]:
    return [sent.text for sent in house.papers["harif", "telegram"].sent if sent.handle == str(user)]


def applied(house: House) -> str:
    person = house.person("7001")
    return str(person.does(person.apply()))


def test_each_rung_is_rung_once_and_goes_higher_as_the_day_comes_nearer(house: House) -> None:
    reference = applied(house)
    officer, manager = house.worker("relations_officer"), house.worker("management")
    bound(house, officer, 91)
    bound(house, manager, 92)
    rounds = ringing(house)
    house.run(rounds.ring())
    assert read_by(house, 91) == []
    house.later(days=18)
    for _ in range(2):
        house.run(rounds.ring())
    assert [reference in text for text in read_by(house, 91)] == [True]
    assert read_by(house, 92) == []
    house.later(days=5)
    for _ in range(2):
        house.run(rounds.ring())
    assert [reference in text for text in read_by(house, 92)] == [True]
    assert "https://wasl.example/desk/harif/clocks" in read_by(house, 92)[0]
    assert house.line.alarms()["overdue"] == 1


def test_what_is_long_overdue_hides_nothing_that_comes_near(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many were rung long ago, and however many are paused."""
    monkeypatch.setattr(bot.reminders, "_MOST", 5)
    reference, officer = applied(house), house.worker("relations_officer")

    def many(connection: Connection) -> None:
        row = dict(connection.execute(select(cases)).mappings().one())
        for number in range(40):
            id = new_id()
            again = {"id": id, "reference": f"HRF-X{number}", "due": ms(house.now) - 30 * DAY + number}
            connection.execute(insert(cases).values(**row | again | {"body": None, "member": None, "route": None}))
            if number < 8:
                clocks.pause(connection, house.vault, "harif", id, 1, "سبب", ms(house.now))

    house.do(many)
    assert heard_of(house, reference, 24, officer=officer) == {"officer": ["amber", "red", "overdue"]}
    told = " ".join(read_by(house, 91))
    assert [f"HRF-X{number}\n" in f"{told}\n".replace("، ", "\n") for number in (7, 8, 39)] == [False, True, True]


def test_an_entitlement_that_is_late_is_rung_until_it_is_delivered(house: House) -> None:
    reference = applied(house)
    officer = house.worker("relations_officer")
    (id,) = [row[0] for row in house.line.rows("cases", "id")]
    house.do(lambda c: c.execute(update(cases).values(stage="registered", due=None)))
    owed = Owed(what="سلة", amount="", due=(house.now + timedelta(days=10)).date())
    house.do(entitlements.add, house.vault, "harif", id, [owed])
    assert heard_of(house, reference, 20, officer=officer) == {"officer": ["amber", "red", "overdue"]}


def test_nothing_is_rung_out_of_hours_or_while_it_is_paused(house: House) -> None:
    applied(house)
    manager = house.worker("management")
    bound(house, manager, 92)
    house.later(days=23, hours=10)
    house.run(ringing(house).ring())
    assert read_by(house, 92) == []
    (id,) = [row[0] for row in house.line.rows("cases", "id")]
    house.do(clocks.pause, house.vault, "harif", id, manager.id, "سبب", ms(house.now))
    house.later(hours=14)
    house.run(ringing(house).ring())
    assert read_by(house, 92) == []


def test_a_complaint_reminds_only_those_who_hear_it_and_never_whom_it_is_about(house: House) -> None:
    from storage.schema_desk import excluded

    person = house.person("7001")
    reference = person.does(person.complain())
    first, accused, officer = (house.worker(one) for one in ("follow_up_committee",) * 2 + ("relations_officer",))
    for user, worker in enumerate((first, accused, officer), 91):
        bound(house, worker, user)
    (id,) = [row[0] for row in house.line.rows("cases", "id")]
    row: dict[str, Any] = {"association": "harif", "subject": f"case:{id}", "staff": accused.id, "by": 0, "at": 0}
    house.do(lambda c: c.execute(excluded.insert().values(**row)))
    house.later(days=30)
    house.run(ringing(house).ring())
    assert [reference in "".join(read_by(house, user)) for user in (91, 92, 93)] == [True, False, False]


def heard_of(house: House, reference: str, days: int, **workers: Browser) -> dict[str, list[str]]:
    """At which lamps of this case each worker was reminded, in the next so many days."""
    rounds, words = ringing(house), DeskWords("ar", house.associations["harif"])
    lamps = {words(f"reminder.{rung}", count=1): lamp for lamp, rung in RUNGS.items()}
    for user, worker in enumerate(workers.values(), 91):
        bound(house, worker, user)
    for _ in range(days):
        house.later(days=1)
        house.run(rounds.ring())
    return {
        name: [lamps[text.splitlines()[0]] for text in read_by(house, user) if reference in text]
        for user, name in enumerate(workers, 91)
    }


def test_a_request_with_the_committee_is_brought_before_the_committee(house: House) -> None:
    """The promise itself: who holds it can do nothing more for it."""
    reference = applied(house)
    (id,) = [row[0] for row in house.line.rows("cases", "id")]
    officer, member, manager = (house.worker(one) for one in ("relations_officer", "committee", "management"))
    officer.post(f"/case/{id}/hold", to="me")
    for name in ("verify", "pass_on"):
        does(officer, id, name)
    heard = heard_of(house, reference, 24, officer=officer, member=member, manager=manager)
    assert heard == {"officer": ["amber"], "member": ["amber", "red", "overdue"], "manager": ["overdue"]}


def test_an_appeal_is_brought_before_those_above_who_answered(house: House) -> None:
    person = house.person("7001")
    reference = str(person.does(person.complain()))
    (id,) = [row[0] for row in house.line.rows("cases", "id")]
    hears, manager, protects = (house.worker(r) for r in ("follow_up_committee", "management", "protection_officer"))
    due = ms(house.now) + 18 * DAY
    house.do(lambda c: c.execute(update(cases).where(cases.c.id == id).values(stage="appealed", due=due)))
    heard = heard_of(house, reference, 24, hears=hears, manager=manager, protects=protects)
    above = ["amber", "red", "overdue"]
    assert heard == {"hears": [], "manager": above, "protects": above}


def test_management_hears_early_where_nobody_is_there_who_could_act(house: House) -> None:
    reference = applied(house)
    heard = heard_of(house, reference, 24, manager=house.worker("management"))
    assert heard == {"manager": ["amber", "red", "overdue"]}


def test_e_mail_goes_to_workers_whose_login_is_an_address(house: House, relay: Relay) -> None:
    reference = applied(house)
    id = house.account("موظفة", "officer@charity.example")
    house.worker("relations_officer", id=id)
    house.later(days=18)
    house.run(ringing(house, relay).ring())
    ((to, text),) = relay.taken
    assert to == "officer@charity.example"
    import email
    from email.policy import default

    body = email.message_from_string(text, policy=default).get_body()
    assert body is not None
    assert reference in body.get_content()


async def test_a_relay_that_is_away_is_an_error_without_content() -> None:
    with pytest.raises(MailFailed, match="ConnectionRefusedError"):
        await Mail("smtp+plain://127.0.0.1:1", "desk@wasl.example").send("a@b.example", "s", "secret")


def _place(connection: Connection, **values: Any) -> None:
    connection.execute(update(cases).values(**values))


def test_a_delegate_hears_of_the_cases_of_their_own_branch_alone(house: House) -> None:
    reference = applied(house)
    house.do(lambda c: _place(c, branch="jeddah"))
    there = house.worker("branch_delegate", branch="jeddah")
    elsewhere = house.worker("branch_delegate", branch="riyadh")
    for user, worker in ((91, there), (92, elsewhere)):
        bound(house, worker, user)
    rounds = ringing(house)
    for days in (17, 1, 4, 1):
        house.later(days=days)
        house.run(rounds.ring())
    assert any(reference in text for text in read_by(house, 91))
    assert not any(reference in text for text in read_by(house, 92))


def test_who_holds_a_case_that_is_anothers_part_by_now_hears_no_more_of_it(house: House) -> None:
    """Then those hear of it who see it."""
    reference = applied(house)
    holder, officer = house.worker("branch_delegate", branch="riyadh"), house.worker("relations_officer")
    house.do(lambda c: _place(c, branch="jeddah", holder=holder.id))
    for user, worker in ((91, holder), (92, officer)):
        bound(house, worker, user)
    rounds = ringing(house)
    for days in (17, 1, 4, 1):
        house.later(days=days)
        house.run(rounds.ring())
    assert not read_by(house, 91) and any(reference in text for text in read_by(house, 92))

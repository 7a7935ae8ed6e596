"""What was kept its days goes, with everything that belongs to it, and nothing goes before or beside it."""

import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select, text, update

from conversations.conversation import Conversation, Draft, Member
from storage import (
    appointments,
    broadcasts,
    cases,
    checks,
    clocks,
    conversations,
    entitlements,
    keys,
    notices,
    quarantine,
    requirements,
    retention,
    schema,
    schema_desk,
    schema_notices,
    tasks,
    waves,
)  # fmt: skip
from storage.blobs import Blobs
from storage.cases import Case
from storage.database import Database
from storage.ids import id_at, new_id
from storage.notices import Leg, Notice
from storage.retention import Done, Due
from storage.schema_surveys import recipients
from storage.tasks import Task
from storage.times import DAY, moment
from storage.vault import Vault
from tests.storage.people import NOW, Somebody, files_left, found_by, places_of, settle, store

DAYS = {"request": 1825, "draft": 180, "conversation": 365}
OF_CASES = {"cases.body", "case_moves.reason", "checks.note", "entitlements.what", "votes.reason", "requirements.words"}
OF_CONVERSATIONS = {"messages.body", "reply_drafts.body", "handoffs.callback", "topic_lines.body", "asks.details"}


@pytest.fixture(autouse=True)
def _ids_of_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids are drawn by the clock on the wall, and these tests live in another year."""
    monkeypatch.setattr(retention, "id_at", lambda _: 2**62)


@pytest.fixture
def blobs(tmp_path: Path, vault: Vault) -> Blobs:
    return store(tmp_path, vault)


@pytest.fixture
def noura(database: Database, vault: Vault, blobs: Blobs) -> Somebody:
    return settle(database, vault, blobs, "noura", "+966500000001")


def later(database: Database, vault: Vault, days: int, association: str = "harif", **more: int) -> Done:
    """Rounds until nothing is due."""
    now, total = NOW + days * DAY, Done()
    for _ in range(30):
        due = database.read_now(retention.due, vault, association, DAYS | more, now)
        if not due:
            return total
        done = database.write_now(retention.carry_out, vault, association, DAYS | more, due, now)
        total = Done(*(a + b for a, b in zip(total, done, strict=True)))
    raise AssertionError("never came to rest")


def set_case(database: Database, reference: str, **values: Any) -> None:
    mine = update(schema.cases).where(schema.cases.c.reference == reference).values(values)
    database.write_now(lambda c: c.execute(mine))


def close(database: Database, somebody: Somebody) -> None:
    for reference in (somebody.open, somebody.hidden):
        set_case(database, reference, closed_at=NOW, stage="closed")


def change(database: Database, vault: Vault, somebody: Somebody, **fields: Any) -> None:
    """Where they stand, as a turn would change it."""

    def do(connection: Any) -> None:
        key = (somebody.association, somebody.conversation)
        stored = conversations.load_by_id(connection, vault, [key])[key]
        for name, value in fields.items():
            setattr(stored.conversation, name, value)
        conversations.save(connection, vault, [stored])

    database.write_now(do)


def where(database: Database, vault: Vault, somebody: Somebody) -> Conversation | None:
    key = (somebody.association, somebody.conversation)
    found = database.write_now(conversations.load_by_id, vault, [key])
    return found[key].conversation if key in found else None


def erased(database: Database) -> set[str]:
    query = select(schema.cases.c.reference).where(schema.cases.c.erased_at.is_not(None))
    return set(database.read_now(lambda c: list(c.scalars(query))))


# --- cases -----------------------------------------------------------------------------------------------------------


def test_a_closed_case_is_emptied_when_its_days_are_over_and_not_a_day_before(
    database: Database, vault: Vault, blobs: Blobs, noura: Somebody
) -> None:
    assert later(database, vault, 1825, conversation=10**5, draft=10**5) == Done()
    assert later(database, vault, 1826, conversation=10**5, draft=10**5) == Done(cases=1, files=1)
    assert erased(database) == {noura.closed}
    assert files_left(noura, database, blobs, NOW) == set(noura.files) - {"closed"}
    row = database.read_now(
        lambda c: c.execute(select(schema.cases).where(schema.cases.c.reference == noura.closed)).one()
    )
    assert (row.body, row.member, row.route, row.digest, row.beneficiary, row.conversation) == (
        None, None, None, "", None, None,
    )  # fmt: skip
    assert (row.kind, row.stage, row.opened_at, row.closed_at) == ("request", "closed", NOW, NOW)
    assert database.read_now(cases.find, vault, "harif", "name", "noura") == [noura.open]


def test_everything_of_a_case_goes_with_it_an_anonymous_one_too(
    database: Database, vault: Vault, blobs: Blobs, noura: Somebody
) -> None:
    close(database, noura)
    assert places_of(noura, database, vault) >= OF_CASES | {"cases.route"} - {"cases.route"}
    assert later(database, vault, 1826, conversation=10**5, draft=10**5).cases == 3
    assert not places_of(noura, database, vault) & (OF_CASES | {"cases.route"})
    assert database.read_now(cases.route, vault, "harif", noura.hidden) is None
    assert found_by(noura, database, vault) == {"handle", "ask"}
    assert files_left(noura, database, blobs, NOW) == {"draft", "known", "sent"}


def test_an_erased_case_can_still_be_read_as_the_little_it_is(
    database: Database, vault: Vault, noura: Somebody
) -> None:
    later(database, vault, 1826, conversation=10**5, draft=10**5)
    case = database.read_now(cases.by_reference, vault, "harif", noura.closed)
    assert case is not None and case.erased_at is not None and case.answers == {}
    for table in (checks, requirements, entitlements, appointments):
        rows = database.read_now(table.of_case, vault, "harif", case.id)
        assert rows and "noura" not in str(rows)
    assert [step.reason for step in database.read_now(cases.history, vault, "harif", case.id)] == [""]
    assert database.read_now(clocks.pauses_of, vault, "harif", [case.id])[0].reason == ""
    assert database.read_now(cases.receipt, vault, "harif", noura.closed, "ab" * 8) is None
    assert database.write_now(
        keys.reindex, vault, lambda one: [("name", str(one.answers["name"]))] if one.answers else []
    )


def test_other_kinds_other_associations_and_open_cases_stay(
    database: Database, vault: Vault, blobs: Blobs, noura: Somebody
) -> None:
    other = settle(database, vault, blobs, "salem", "+966500000001", "ruhama")
    set_case(database, noura.closed, kind="inquiry")
    set_case(database, other.closed, kind="inquiry")
    assert later(database, vault, 9000, conversation=10**5, draft=10**5) == Done()
    assert later(database, vault, 9000, "ruhama", conversation=10**5, draft=10**5, inquiry=1).cases == 1
    assert erased(database) == {other.closed}


@pytest.mark.parametrize("about", ["the other is about it", "it is about the other"])
def test_a_case_stays_while_an_open_one_is_linked_with_it(
    database: Database, vault: Vault, noura: Somebody, about: str
) -> None:
    first, second = (noura.open, noura.closed) if about.startswith("the") else (noura.closed, noura.open)
    set_case(database, first, linked_to=second)
    assert later(database, vault, 2000, conversation=10**5, draft=10**5).cases == 0
    set_case(database, noura.open, closed_at=NOW)
    assert later(database, vault, 2000, conversation=10**5, draft=10**5).cases == 2


def test_a_file_that_another_case_names_stays_until_that_goes_too(
    database: Database, vault: Vault, blobs: Blobs, noura: Somebody
) -> None:
    more = Case(
        association="harif", id=new_id(), reference="HRF-more", kind="request", stage="closed", opened_at=NOW,
        closed_at=NOW + 100 * DAY, beneficiary=noura.beneficiary, conversation=noura.conversation,
        answers={"paper": [str(noura.files["closed"])]},
    )  # fmt: skip
    database.write_now(cases.file, vault, [more], NOW)
    later(database, vault, 1826, conversation=10**5, draft=10**5)
    assert "closed" in files_left(noura, database, blobs, NOW)
    later(database, vault, 1926, conversation=10**5, draft=10**5)
    assert erased(database) == {noura.closed, "HRF-more"}
    assert "closed" not in files_left(noura, database, blobs, NOW)


def test_a_number_typed_as_an_answer_takes_nobodys_file_away(
    database: Database, vault: Vault, blobs: Blobs, noura: Somebody
) -> None:
    other = settle(database, vault, blobs, "salem", "+966500000002")
    set_answer = Case(
        association="harif", id=new_id(), reference="HRF-typed", kind="request", stage="closed", opened_at=NOW,
        closed_at=NOW - DAY, beneficiary=noura.beneficiary, conversation=noura.conversation,
        answers={"what": str(other.files["draft"])},
    )  # fmt: skip
    database.write_now(cases.file, vault, [set_answer], NOW)
    assert later(database, vault, 1825, conversation=10**5, draft=10**5) == Done(cases=1)
    assert files_left(other, database, blobs, NOW) == set(other.files)


def test_bytes_are_deleted_once_nobody_fetches_the_file_any_more(
    database: Database, vault: Vault, blobs: Blobs, noura: Somebody
) -> None:
    f = schema.files
    fetching = update(f).where(f.c.id == noura.files["closed"]).values(state="fetching", lease_until=NOW + DAY)
    database.write_now(lambda c: c.execute(fetching))
    later(database, vault, 1826, conversation=10**5, draft=10**5)
    assert "closed" in files_left(noura, database, blobs, NOW)
    assert "closed" not in files_left(noura, database, blobs, NOW + 2 * DAY)


def test_many_cases_go_in_bounded_steps(database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [
        Case(
            association="harif", id=new_id(), reference=f"HRF-{n}", kind="request", stage="closed", opened_at=NOW,
            closed_at=NOW, answers={"n": n},
        )
        for n in range(7)
    ]  # fmt: skip
    database.write_now(cases.file, vault, many, NOW)
    monkeypatch.setattr(retention, "SOME_CASES", 3)
    now = NOW + 1826 * DAY
    assert len(database.read_now(retention.due, vault, "harif", DAYS, now).cases) == 3
    assert later(database, vault, 1826).cases == 7
    query = select(schema.audit.c.act, schema.audit.c.detail)
    acts = database.read_now(lambda c: [tuple(row) for row in c.execute(query)])
    assert acts == [("case.erased", "retention")] * 7


def test_two_who_find_the_same_due_erase_it_once(database: Database, vault: Vault, noura: Somebody) -> None:
    now = NOW + 1826 * DAY
    due = database.read_now(retention.due, vault, "harif", DAYS, now)
    first, second = (database.write_now(retention.carry_out, vault, "harif", DAYS, due, now) for _ in range(2))
    assert (first.cases, second.cases) == (1, 0)


def test_a_case_that_was_reopened_meanwhile_stays(database: Database, vault: Vault, noura: Somebody) -> None:
    now = NOW + 1826 * DAY
    due = database.read_now(retention.due, vault, "harif", DAYS, now)
    set_case(database, noura.closed, closed_at=None, stage="with_committee")
    assert database.write_now(retention.carry_out, vault, "harif", DAYS, due, now).cases == 0


# --- conversations ---------------------------------------------------------------------------------------------------


def test_a_silent_conversation_loses_what_was_said_and_keeps_what_its_cases_need(
    database: Database, vault: Vault, blobs: Blobs, noura: Somebody
) -> None:
    close(database, noura)
    assert later(database, vault, 365).conversations == 0
    done = later(database, vault, 366)
    assert (done.cases, done.conversations, done.addresses) == (0, 1, 0)
    left = places_of(noura, database, vault)
    assert not left & (OF_CONVERSATIONS - {"asks.details"}) and left >= OF_CASES | {"conversations.handle"}
    assert "beneficiaries.known" not in left
    assert files_left(noura, database, blobs, NOW) == {"closed", "open", "hidden", "before"}
    conversation = where(database, vault, noura)
    assert conversation is not None and (conversation.open, conversation.language) == (None, "en")
    assert later(database, vault, 400) == Done(), "and it is done once"


@pytest.mark.parametrize("taken_out", [True, False])
def test_what_a_topic_of_the_group_shows_is_taken_out_before_the_address_goes(
    database: Database, vault: Vault, taken_out: bool
) -> None:
    key = ("harif", "telegram", "7")
    stored = database.write_now(conversations.take, vault, [key], NOW)[key]
    row = {"association": "harif", "conversation": stored.id, "group_id": "-1", "topic": 5, "state": "open", "at": NOW}
    database.write_now(lambda c: c.execute(insert(schema_desk.topics).values(row)))
    assert later(database, vault, 366) == Done(conversations=1)
    states = database.read_now(lambda c: list(c.scalars(select(schema_desk.topics.c.state))))
    assert states == ["erasing"], "the group's next turn takes it out"
    if taken_out:
        gone = update(schema_desk.topics).values(topic=0, state="withdrawn")
        database.write_now(lambda c: c.execute(gone))
    assert later(database, vault, 367).addresses == taken_out
    assert later(database, vault, 374).addresses == (not taken_out), "a group that is off holds nobody's address"
    assert database.read_now(lambda c: c.scalars(select(schema_desk.topics.c.topic)).all()) == []


def test_the_address_goes_with_the_last_case(database: Database, vault: Vault, noura: Somebody) -> None:
    close(database, noura)
    later(database, vault, 366)
    done = later(database, vault, 1826)
    assert (done.cases, done.addresses) == (3, 1)
    assert where(database, vault, noura) is None
    assert "handle" not in found_by(noura, database, vault)


@pytest.mark.parametrize("needed", ["open", "hidden", "holder"])
def test_a_conversation_stays_while_a_case_is_open_or_somebody_holds_it(
    database: Database, vault: Vault, noura: Somebody, needed: str
) -> None:
    close(database, noura)
    if needed == "holder":
        held = update(schema.conversations).values(holder="staff:1")
        database.write_now(lambda c: c.execute(held))
    else:
        set_case(database, getattr(noura, needed), closed_at=None)
    now = NOW + 366 * DAY
    due = database.read_now(retention.due, vault, "harif", DAYS, now)
    done = database.write_now(retention.carry_out, vault, "harif", DAYS, due, now)
    assert (done.conversations, done.addresses) == (0, 0)
    assert "messages.body" in places_of(noura, database, vault)


def test_a_blocked_address_stays_known_as_blocked(database: Database, vault: Vault, noura: Somebody) -> None:
    change(database, vault, noura, blocked="spam")
    close(database, noura)
    later(database, vault, 1826)
    assert where(database, vault, noura) is not None
    assert "messages.body" not in places_of(noura, database, vault)


def test_who_writes_again_keeps_what_they_say_then(database: Database, vault: Vault, noura: Somebody) -> None:
    close(database, noura)
    later(database, vault, 366)
    again = update(schema.conversations).values(last_in=NOW + 367 * DAY, updated=NOW + 367 * DAY)
    database.write_now(lambda c: c.execute(again))
    assert later(database, vault, 367 + 365) == Done()
    assert later(database, vault, 367 + 366).conversations == 1


def test_who_shares_a_phone_keeps_their_guard_while_a_case_is_kept(
    database: Database, vault: Vault, noura: Somebody
) -> None:
    change(database, vault, noura, members=[Member("noura", "digest"), Member("saad")])
    close(database, noura)
    later(database, vault, 366)
    conversation = where(database, vault, noura)
    assert conversation is not None and [member.name for member in conversation.members] == ["noura", "saad"]


def test_a_draft_that_nobody_touched_is_forgotten_with_its_files(
    database: Database, vault: Vault, blobs: Blobs, noura: Somebody
) -> None:
    aside = Draft(flow="complain", answers={"papers": [str(noura.files["sent"])]}, touched=moment(NOW + 30 * DAY))
    change(database, vault, noura, aside=[aside])
    assert later(database, vault, 180) == Done()
    assert later(database, vault, 181) == Done(drafts=1, files=1)
    conversation = where(database, vault, noura)
    assert conversation is not None and conversation.open is None and len(conversation.aside) == 1
    assert files_left(noura, database, blobs, NOW) == set(noura.files) - {"draft"}
    assert later(database, vault, 181) == Done()
    assert later(database, vault, 211) == Done(drafts=1, files=1)
    assert "messages.body" in places_of(noura, database, vault)


def test_events_set_apart_that_nobody_took_in_lose_their_content(
    database: Database, vault: Vault, noura: Somebody
) -> None:
    later(database, vault, 365)
    assert "quarantine.body" in places_of(noura, database, vault)
    later(database, vault, 366)
    assert "quarantine.body" not in places_of(noura, database, vault)
    assert database.read_now(quarantine.waiting, "harif") == []


def test_many_conversations_are_walked_in_bounded_steps_that_resume(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SOME_CONVERSATIONS", 3)
    monkeypatch.setattr(retention, "LOOKED_AT", 5)
    keys = [("harif", "telegram", str(n)) for n in range(8)]
    database.write_now(conversations.take, vault, keys, NOW)
    now = NOW + 366 * DAY
    seen: list[int] = []
    while len(seen) < 8:
        due = database.read_now(retention.due, vault, "harif", DAYS, now)
        assert 0 < len(due.conversations) <= 3
        seen += due.conversations
        database.write_now(retention.carry_out, vault, "harif", DAYS, due, now)
    assert sorted(seen) == sorted(set(seen))
    assert database.read_now(lambda c: c.scalars(select(schema.conversations.c.id)).all()) == []


def test_where_nothing_is_due_nothing_is_written(database: Database, vault: Vault, noura: Somebody) -> None:
    assert database.read_now(retention.due, vault, "harif", DAYS, NOW + DAY) == Due()
    assert not database.read_now(retention.due, vault, "harif", DAYS, NOW + DAY)
    assert not database.read_now(retention.due, vault, "harif", {}, NOW + 9000 * DAY), "no days: kept"


def test_what_is_kept_of_two_addresses_goes_when_both_are_silent(
    database: Database, vault: Vault, noura: Somebody
) -> None:
    stored = database.write_now(conversations.take, vault, [("harif", "telegram", "9")], NOW)["harif", "telegram", "9"]
    k = schema.conversations.c
    second = update(schema.conversations).where(k.id == stored.id)
    database.write_now(lambda c: c.execute(second.values(beneficiary=noura.beneficiary, last_in=NOW + 300 * DAY)))
    close(database, noura)
    later(database, vault, 366)
    assert "beneficiaries.known" in places_of(noura, database, vault)
    later(database, vault, 700)
    assert "beneficiaries.known" not in places_of(noura, database, vault)


def test_a_young_conversation_is_not_even_looked_at() -> None:
    now = time.time_ns() // 1_000_000
    first = new_id()
    assert id_at(now - DAY) < id_at(now) <= first < id_at(now + DAY)


def test_what_was_said_to_somebody_now_goes_out_first(database: Database, vault: Vault, noura: Somebody) -> None:
    row = {
        "association": "harif", "id": new_id(), "conversation": noura.conversation, "seq": 9, "channel": "whatsapp",
        "direction": "out", "lane": "notice", "kind": "say", "at": NOW, "body": b"", "state": "queued",
    }  # fmt: skip
    database.write_now(lambda c: c.execute(insert(schema.messages).values(row)))
    close(database, noura)
    later(database, vault, 366)
    assert database.read_now(lambda c: list(c.scalars(select(schema.messages.c.seq)))) == [9]


# --- who was told what -----------------------------------------------------------------------------------------------


def tell(database: Database, somebody: Somebody, kind: str, at: int, case: str = "", due: int | None = None) -> int:
    """A notice of this kind, with a leg; its id."""
    id = new_id()

    def do(connection: Any) -> None:
        slug = somebody.association
        found = notices.case_of(connection, slug, case) if case else None
        state = notices.OUT if due else notices.REACHED
        one = Notice(
            slug, id, kind, f"{kind}:1:1", at, case_id=found[0] if found else None, state=state, due=due,
            conversation=somebody.conversation, beneficiary=somebody.beneficiary,
        )  # fmt: skip
        notices.add(connection, one)
        notices.add_leg(connection, Leg(slug, id, 1, "whatsapp", at, "arrived", conversation=somebody.conversation))

    database.write_now(do)
    return id


def told(database: Database) -> set[int]:
    """Notices that are left; each has its leg, and no leg is left alone."""
    n, leg = schema_notices.notices.c, schema_notices.legs.c
    ids = set(database.read_now(lambda c: list(c.scalars(select(n.id)))))
    assert ids == set(database.read_now(lambda c: list(c.scalars(select(leg.notice)))))
    return ids


def test_what_was_told_of_a_case_goes_with_the_case_and_not_before(
    database: Database, vault: Vault, noura: Somebody
) -> None:
    mine = tell(database, noura, "moved", NOW, noura.closed)
    others = tell(database, noura, "moved", NOW, noura.open)
    assert later(database, vault, 1825, conversation=10**5, draft=10**5) == Done()
    assert told(database) == {mine, others}
    later(database, vault, 1826, conversation=10**5, draft=10**5)
    assert told(database) == {others}


@pytest.mark.parametrize("kind", ["broadcast", "survey", "policy", "called"])
def test_what_was_told_of_no_case_goes_when_it_is_as_old_as_what_is_said_may_be(
    database: Database, vault: Vault, noura: Somebody, kind: str
) -> None:
    """However lively the conversation is."""
    old, fresh = tell(database, noura, kind, NOW), tell(database, noura, kind, NOW + DAY)
    under_way = tell(database, noura, kind, NOW, due=NOW)
    of_a_case = tell(database, noura, "moved", NOW, noura.open)
    elsewhere = tell(database, noura._replace(association="ruhama"), kind, NOW)
    wrote = update(schema.conversations).values(last_in=NOW + 365 * DAY)
    database.write_now(lambda c: c.execute(wrote))
    assert later(database, vault, 365) == Done()
    assert told(database) == {old, fresh, under_way, of_a_case, elsewhere}
    assert later(database, vault, 366).notices == 1
    assert told(database) == {fresh, under_way, of_a_case, elsewhere}


def test_what_was_told_to_an_address_goes_when_what_was_said_there_does(
    database: Database, vault: Vault, noura: Somebody
) -> None:
    close(database, noura)
    fresh = tell(database, noura, "survey", NOW + 365 * DAY)
    under_way = tell(database, noura, "survey", NOW + 365 * DAY, due=NOW + 366 * DAY)
    assert fresh in told(database) and later(database, vault, 366).conversations == 1
    assert told(database) == {under_way}, "it reaches them yet"
    later(database, vault, 1900)
    assert where(database, vault, noura) is None and told(database) == set()


def test_many_notices_go_in_bounded_steps(
    database: Database, vault: Vault, noura: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SOME_NOTICES", 3)
    for number in range(7):
        tell(database, noura, "broadcast", NOW + number)
    due = database.read_now(retention.due, vault, "harif", DAYS, NOW + 366 * DAY)
    assert len(due.notices) == 3
    change(database, vault, noura, last_at=moment(NOW + 366 * DAY))
    assert later(database, vault, 366).notices == 7


def test_what_a_wave_counted_stays_when_nobody_knows_any_more_who_was_told(
    database: Database, vault: Vault, noura: Somebody
) -> None:
    reached, failed = tell(database, noura, "broadcast", NOW), tell(database, noura, "broadcast", NOW)
    whose = {"association": "harif", "wave": 5, "channel": "whatsapp", "state": "invited"}
    database.write_now(
        lambda c: c.execute(
            insert(recipients),
            [whose | {"conversation": 1, "notice": reached}, whose | {"conversation": 2, "notice": failed}],
        )
    )
    database.write_now(waves.settled, "harif", reached, True, "", NOW)
    database.write_now(waves.settled, "harif", failed, False, "exhausted", NOW)

    def counted() -> dict[str, int]:
        found = database.read_now(broadcasts.outcomes, "harif", 5)
        return {broadcasts.outcome_of(one.state, one.told): one.people for one in found}

    assert counted() == {"reached": 1, "failed": 1}
    assert later(database, vault, 366).notices == 2
    assert counted() == {"reached": 1, "failed": 1}


@pytest.mark.own_database
def test_old_notices_are_found_by_their_index_among_those_of_cases(database: Database) -> None:
    """Those of cases are kept for years, and are the oldest."""
    rows = [
        Notice("harif", number, "moved", "moved:1:1", NOW + number, case_id=number % 50 or None)
        for number in range(5000)
    ]

    def plan(connection: Connection) -> tuple[list[int], str]:
        connection.execute(insert(schema_notices.notices), [row._asdict() for row in rows])
        connection.execute(text("ANALYZE notices"))
        said: list[Any] = []
        event.listen(connection, "before_cursor_execute", lambda _c, _cursor, sql, given, *_: said.append((sql, given)))
        found = notices.old(connection, "harif", NOW + 1000, 500)
        how = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        return found, str(connection.exec_driver_sql(f"{how} {said[0][0]}", said[0][1]).all())

    found, steps = database.write_now(plan)
    assert found == list(range(0, 1000, 50))
    assert "ix_notices_kept" in steps and "B-TREE" not in steps and "Sort" not in steps, steps


def test_what_a_worker_noted_of_an_address_without_a_case_goes_with_what_was_said(
    database: Database, vault: Vault, noura: Somebody
) -> None:
    close(database, noura)
    task = Task("harif", new_id(), "call", conversation=noura.conversation, at=NOW, due=NOW)
    database.write_now(tasks.add, vault, task)
    database.write_now(tasks.finish, vault, "harif", task.id, "reached", 7, f"{noura.word} note", NOW)
    assert "tasks.body" in places_of(noura, database, vault)
    later(database, vault, 366, request=10**5)
    known = database.read_now(tasks.get, vault, "harif", task.id)
    assert known is not None and (known.outcome, known.tried) == ("reached", ())

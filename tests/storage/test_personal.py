"""What is kept of one person: handed over whole, put right, erased; and nobody else's is touched."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from conversations.conversation import Conversation, Member
from storage import (
    asks,
    cases,
    consents,
    conversations,
    erasure,
    handoffs,
    personal,
    personal_copy,
    retention,
    schema,
    sittings,
    world,
)
from storage.blobs import Blobs
from storage.cases import Case
from storage.columns import Blind, metadata
from storage.database import Database
from storage.handoffs import Handoff
from storage.ids import new_id
from storage.keys import SEALED
from storage.person import Nobody, Person, whose
from storage.personal import KEPT, Kept
from storage.times import DAY
from storage.vault import Vault
from tests.storage.people import NOW, Somebody, files_left, found_by, places_of, settle, store

PHONES = ("+966500000001", "+966500000002", "+966500000003")


@pytest.fixture
def blobs(tmp_path: Path, vault: Vault) -> Blobs:
    return store(tmp_path, vault)


@pytest.fixture
def noura(database: Database, vault: Vault, blobs: Blobs) -> Somebody:
    return settle(database, vault, blobs, "noura", PHONES[0])


@pytest.fixture
def others(database: Database, vault: Vault, blobs: Blobs) -> list[Somebody]:
    """Somebody else, and somebody of another association with the very same words and number."""
    return [
        settle(database, vault, blobs, "salem", PHONES[1]),
        settle(database, vault, blobs, "reem", PHONES[0], "ruhama"),
    ]


def erase(database: Database, vault: Vault, somebody: Somebody, **more: Any) -> personal.Erased:
    def do(connection: Any) -> personal.Erased:
        person = Person(somebody.beneficiary, more.pop("member", ""))
        return personal.erase_person(
            connection, vault, somebody.association, person, who="staff:1", now=NOW + DAY, **more
        )

    return database.write_now(do)


def close(database: Database, vault: Vault, somebody: Somebody) -> None:
    """Every case of theirs is closed."""
    c = schema.cases.c
    mine = (c.association == somebody.association, c.reference.in_([somebody.open, somebody.hidden]))
    database.write_now(lambda con: con.execute(update(schema.cases).where(*mine).values(closed_at=NOW, stage="closed")))


def erased_id(database: Database, reference: str) -> int:
    c = schema.cases.c
    return int(database.read_now(lambda con: con.scalar(select(c.id).where(c.reference == reference))))


def test_every_sealed_column_belongs_somewhere_and_goes_with_it() -> None:
    """A new table with something sealed says here whose it is: else erasing somebody would leave it behind."""
    parts = (erasure.OF_CASE, erasure.OF_CONVERSATION, erasure.OF_PERSON, erasure.OF_RESPONSE, erasure.OF_SITTING)
    goes = {f"{table.name}.{name}" for part in parts for table, columns in part.items() for name in columns}
    assert not goes & set(erasure.OF_HOUSE)
    assert goes | set(erasure.OF_HOUSE) == {f"{table.name}.{name}" for table, columns in SEALED for name in columns}
    assert all(erasure.OF_HOUSE.values())


def test_every_blind_column_says_until_when_anything_is_found_by_it() -> None:
    blind = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Blind)
    }
    assert len(blind) > 10
    assert blind == set(erasure.BLIND)
    assert all(erasure.BLIND.values())


def test_what_a_sitting_says_of_many_goes_with_the_last_of_them(database: Database, vault: Vault) -> None:
    def hold(connection: Any, numbers: list[int], association: str = "harif") -> int:
        for id in numbers:
            case = Case(association=association, id=id, reference=f"R-{association}-{id}", kind="request",
                        stage="closed", opened_at=NOW, closed_at=NOW)  # fmt: skip
            cases.file(connection, vault, [case], NOW)
        sitting = sittings.plan(connection, vault, sittings.Sitting(association, 0, "committee", 0, by=1, at=NOW))
        sittings.put_on(connection, association, sitting.id, numbers)
        sittings.remark(connection, vault, association, sitting.id, "نورة كانت حاضرة")
        return sitting.id

    both, other, elsewhere = (
        database.write_now(hold, [1, 2]),
        database.write_now(hold, [3]),
        database.write_now(hold, [1], "ruhama"),
    )

    def remarked() -> list[int]:
        held = (("harif", both), ("harif", other), ("ruhama", elsewhere))
        found = [database.read_now(sittings.get, vault, *one) for one in held]
        return [one.id for one in found if one is not None and one.remarks]

    database.write_now(erasure.erase_cases, vault, "harif", [1], NOW)
    assert remarked() == [both, other, elsewhere]
    database.write_now(erasure.erase_cases, vault, "harif", [2], NOW)
    assert remarked() == [other, elsewhere]


def test_what_is_erased_is_gone_and_others_notice_nothing(
    database: Database, vault: Vault, blobs: Blobs, noura: Somebody, others: list[Somebody]
) -> None:
    before = [(places_of(one, database, vault), found_by(one, database, vault)) for one in others]
    assert len(before[0][0]) == len(places_of(noura, database, vault)) > 20, "there was something to erase"
    close(database, vault, noura)
    erased = erase(database, vault, noura)
    assert erased.cases == (noura.closed, noura.open)
    # The address, so that they hear what was done; and the anonymous case, which nobody knows to be theirs.
    hidden = {f"{table.name}.{name}" for table, names in erasure.OF_CASE.items() for name in names}
    hidden |= {"files.source", "files.name"}
    assert places_of(noura, database, vault) - hidden == {"conversations.handle", "conversations.state"}
    assert found_by(noura, database, vault) == {"handle"}
    assert files_left(noura, database, blobs, NOW + DAY) == {"hidden", "before"}
    for one, (places, found) in zip(others, before, strict=True):
        assert (places_of(one, database, vault), found_by(one, database, vault)) == (places, found)
        assert files_left(one, database, blobs, NOW + DAY) == set(one.files)


def test_the_address_goes_after_a_week_of_silence_and_nothing_is_left(
    database: Database, vault: Vault, blobs: Blobs, noura: Somebody, others: list[Somebody]
) -> None:
    close(database, vault, noura)
    c = schema.cases.c
    with_hidden = [noura.closed, noura.open, noura.hidden]
    hidden = database.read_now(lambda con: con.scalar(select(c.id).where(c.reference == noura.hidden)))
    database.write_now(erasure.erase_cases, vault, "harif", [hidden], NOW)
    erase(database, vault, noura)
    for days, left in ((6, True), (9, False)):
        due = database.read_now(retention.due, vault, "harif", {}, NOW + days * DAY)
        database.write_now(retention.carry_out, vault, "harif", {}, due, NOW + days * DAY)
        assert bool(found_by(noura, database, vault)) == left
    assert places_of(noura, database, vault) == set()
    assert files_left(noura, database, blobs, NOW + 9 * DAY) == set()
    assert database.read_now(conversations.id_of, vault, ("harif", "whatsapp", noura.phone)) is None
    for one in others:
        assert found_by(one, database, vault) == {"handle", "case.name", "case.number", "ask"}
    for reference in with_hidden:
        case = database.read_now(cases.by_reference, vault, "harif", reference)
        assert case is not None
        assert (case.answers, case.signature, case.beneficiary, case.conversation) == ({}, None, None, None)
        assert case.erased_at and case.opened_at == NOW and case.stage == "closed", "its clear columns stay"


def test_what_must_stay_is_said_with_its_reason(database: Database, vault: Vault, noura: Somebody) -> None:
    c = schema.cases.c
    linked = update(schema.cases).where(c.reference == noura.open).values(linked_to=noura.closed)
    database.write_now(lambda con: con.execute(linked))
    erased = erase(database, vault, noura, request="HRF-none")
    assert erased.cases == ()
    assert erased.kept == (
        Kept("linked_case", noura.closed), Kept("open_case", noura.open),
        Kept("address"), Kept("consents"), Kept("audit"), Kept("backups"),
    )  # fmt: skip
    erased = erase(database, vault, noura, request=noura.open)
    assert Kept("request", noura.open) in erased.kept
    assert {one.why for one in erased.kept} <= set(KEPT)


def test_an_open_case_keeps_its_answers_its_files_and_the_way_to_its_person(
    database: Database, vault: Vault, blobs: Blobs, noura: Somebody
) -> None:
    erased = erase(database, vault, noura)
    assert erased.cases == (noura.closed,)
    case = database.read_now(cases.by_reference, vault, "harif", noura.open)
    assert case is not None and case.answers["name"] == "noura answer"
    assert (case.beneficiary, case.conversation) == (noura.beneficiary, noura.conversation)
    assert {"open", "hidden", "before"} == files_left(noura, database, blobs, NOW + DAY)
    state = database.write_now(conversations.load_by_id, vault, [("harif", noura.conversation)])
    conversation = state["harif", noura.conversation].conversation
    assert conversation.news == {noura.open: ["noura news"]}
    assert (conversation.open, conversation.first_words, conversation.language) == (None, "", "en")
    assert database.read_now(cases.route, vault, "harif", noura.hidden) == noura.conversation


def test_the_address_stays_while_a_case_is_open_even_one_that_is_nobodys(
    database: Database, vault: Vault, noura: Somebody
) -> None:
    c = schema.cases.c

    def leave_on(day: int) -> bool:
        due = database.read_now(retention.due, vault, "harif", {}, NOW + day * DAY)
        database.write_now(retention.carry_out, vault, "harif", {}, due, NOW + day * DAY)
        return database.read_now(conversations.id_of, vault, ("harif", "whatsapp", noura.phone)) is None

    erase(database, vault, noura)
    assert not leave_on(9)
    for day, reference in ((11, noura.open), (13, noura.hidden)):
        done = update(schema.cases).where(c.reference == reference).values(closed_at=NOW)
        database.write_now(lambda con, done=done: con.execute(done))
        assert leave_on(day) == (reference == noura.hidden)


def test_whoever_comes_back_with_something_new_keeps_their_address(
    database: Database, vault: Vault, noura: Somebody
) -> None:
    close(database, vault, noura)
    erase(database, vault, noura)
    new = cases.Case(
        association="harif", id=5, reference="HRF-new", kind="request", stage="closed", opened_at=NOW + 3 * DAY,
        closed_at=NOW + 4 * DAY, beneficiary=noura.beneficiary, conversation=noura.conversation,
    )  # fmt: skip
    database.write_now(cases.file, vault, [new], NOW)
    for day in (9, 90):
        due = database.read_now(retention.due, vault, "harif", {}, NOW + day * DAY)
        database.write_now(retention.carry_out, vault, "harif", {}, due, NOW + day * DAY)
    assert database.read_now(conversations.id_of, vault, ("harif", "whatsapp", noura.phone)) == noura.conversation


def test_a_question_that_was_erased_is_asked_of_nobody_any_more(
    database: Database, vault: Vault, noura: Somebody
) -> None:
    phone = [("harif", noura.phone)]
    assert len(database.read_now(asks.waiting_for, vault, phone)) == 1
    assert database.read_now(asks.by_token, vault, "harif", "token noura") is not None
    erase(database, vault, noura)
    assert database.read_now(asks.waiting_for, vault, phone) == []
    assert database.read_now(asks.by_token, vault, "harif", "token noura") is None
    assert database.read_now(asks.by_token, vault, "harif", "of noura") is None


def test_the_log_of_consents_and_the_audit_stay(database: Database, vault: Vault, noura: Somebody) -> None:
    erase(database, vault, noura)
    assert database.read_now(consents.of_person, "harif", noura.conversation, noura.beneficiary)
    acts = database.read_now(lambda c: [row._tuple()[3:] for row in c.execute(select(schema.audit))])
    assert [act[:3] for act in acts] == [
        ("staff:1", "case.erased", f"case:{erased_id(database, noura.closed)}"),
        ("staff:1", "person.erased", f"beneficiary:{noura.beneficiary}"),
    ]
    assert "noura" not in acts[1][3] and PHONES[0] not in str(acts)


# --- a phone that is shared ------------------------------------------------------------------------------------------


@pytest.fixture
def shared(database: Database, vault: Vault, noura: Somebody) -> Somebody:
    """Noura's phone, of which she is the first; the open case is Saad's."""

    def share(connection: Any) -> None:
        key = ("harif", noura.conversation)
        stored = conversations.load_by_id(connection, vault, [key])[key]
        stored.conversation.members = [Member("noura"), Member("saad", "digest")]
        stored.conversation.member = "noura"
        conversations.save(connection, vault, [stored])
        case = cases.by_reference(connection, vault, "harif", noura.open)
        assert case is not None
        sealed = world.seal_member(vault, "harif", case.id, "saad")
        mine = (schema.cases.c.reference == noura.open,)
        connection.execute(update(schema.cases).where(*mine).values(member=sealed))

    database.write_now(share)
    return noura


def test_who_shares_a_phone_loses_their_own_and_leaves_the_others_theirs(
    database: Database, vault: Vault, blobs: Blobs, shared: Somebody
) -> None:
    close(database, vault, shared)
    erased = erase(database, vault, shared)
    assert erased.cases == (shared.closed,)
    assert Kept("shared_phone") in erased.kept and Kept("address") not in erased.kept
    case = database.read_now(cases.by_reference, vault, "harif", shared.open)
    assert case is not None and (case.member, case.answers["name"]) == ("saad", "noura answer")
    key = ("harif", shared.conversation)
    conversation = database.write_now(conversations.load_by_id, vault, [key])[key].conversation
    assert conversation.members == [Member("saad", "digest")]
    assert (conversation.member, conversation.open) == ("", None)
    assert "beneficiaries.known" not in places_of(shared, database, vault), "what is remembered is the first's"
    assert "messages.body" in places_of(shared, database, vault)
    assert {"open", "sent", "hidden"} <= files_left(shared, database, blobs, NOW + DAY)


def test_the_first_ones_open_case_does_not_fall_to_the_next(database: Database, vault: Vault, shared: Somebody) -> None:
    c = schema.cases.c
    again = update(schema.cases).where(c.reference == shared.closed).values(closed_at=None)
    database.write_now(lambda con: con.execute(again))
    erased = erase(database, vault, shared)
    assert Kept("open_case", shared.closed) in erased.kept
    case = database.read_now(cases.by_reference, vault, "harif", shared.closed)
    assert case is not None and case.member == "noura"


def test_another_than_the_first_takes_only_their_cases_along(
    database: Database, vault: Vault, shared: Somebody
) -> None:
    close(database, vault, shared)
    erased = erase(database, vault, shared, member="saad")
    assert erased.cases == (shared.open,)
    assert "beneficiaries.known" in places_of(shared, database, vault)
    exported = database.read_now(personal_copy.export_person, vault, "harif", Person(shared.beneficiary))
    assert [case["reference"] for case in exported["cases"]] == [shared.closed]


# --- handing over, putting right -------------------------------------------------------------------------------------


def test_everything_kept_of_a_person_is_handed_over_and_nothing_of_anybody_else(
    database: Database, vault: Vault, noura: Somebody, others: list[Somebody]
) -> None:
    person = database.read_now(whose, vault, "harif", noura.closed)
    assert person == Person(noura.beneficiary)
    exported = database.read_now(personal_copy.export_person, vault, "harif", person)
    text = json.dumps(exported, ensure_ascii=False)
    for word in ("said", "first", "draft", "fact", "answer", "signed", "reason", "note", "wish", "what", "words"):
        assert f"noura {word}" in text or word == "first"
    assert "salem" not in text and "reem" not in text and PHONES[1] not in text
    assert noura.hidden not in text, "an anonymous case is nobody's"
    assert [case["reference"] for case in exported["cases"]] == [noura.closed, noura.open]
    assert exported["addresses"][0]["handle"] == PHONES[0]
    assert [line["text"] for line in exported["addresses"][0]["messages"]] == ["noura said"] * 3
    assert exported["consents"][0]["purpose"] == "requests"
    assert {file["id"] for file in exported["files"]} == {str(id) for id in noura.files.values()}
    assert exported["cases"][0]["opened_at"] == "2026-09-21T14:13:20+00:00"


def test_on_a_shared_phone_each_is_handed_their_own(database: Database, vault: Vault, shared: Somebody) -> None:
    exported = database.read_now(personal_copy.export_person, vault, "harif", Person(shared.beneficiary, "saad"))
    assert [case["reference"] for case in exported["cases"]] == [shared.open]
    assert (exported["addresses"], exported["facts"], exported["consents"]) == ([], {}, [])
    assert {file["id"] for file in exported["files"]} == {str(shared.files[name]) for name in ("open", "before")}


def test_whose_an_anonymous_or_erased_case_is_nobody_can_say(database: Database, vault: Vault, noura: Somebody) -> None:
    erase(database, vault, noura)
    for reference in (noura.hidden, noura.closed, "HRF-none"):
        with pytest.raises(Nobody):
            database.read_now(whose, vault, "harif", reference)


def test_what_is_put_right_changes_what_is_offered_and_open_cases_and_what_they_are_found_by(
    database: Database, vault: Vault, noura: Somebody, others: list[Somebody]
) -> None:
    def correct(connection: Any) -> tuple[str, ...]:
        return personal.correct_person(
            connection, vault, "harif", Person(noura.beneficiary), {"name": "هيا", "paper": None},
            who="staff:1", now=NOW, found_by=lambda answers: [("name", answers["name"])],
        )  # fmt: skip

    assert database.write_now(correct) == (noura.open,)
    open_case, closed = (
        database.read_now(cases.by_reference, vault, "harif", reference) for reference in (noura.open, noura.closed)
    )
    assert open_case is not None and closed is not None
    assert (open_case.answers["name"], closed.answers["name"]) == ("هيا", "noura answer")
    assert open_case.signature is not None, "what was signed stays as it was signed"
    assert database.read_now(cases.find, vault, "harif", "name", "هيا") == [noura.open]
    assert database.read_now(cases.find, vault, "harif", "name", "noura") == [noura.closed]
    exported = database.read_now(personal_copy.export_person, vault, "harif", Person(noura.beneficiary))
    assert exported["facts"] == {"name": "هيا"}
    assert database.write_now(correct) == ()
    acts = database.read_now(lambda c: list(c.execute(select(schema.audit.c.act, schema.audit.c.detail))))
    assert ("person.corrected", "name paper") in [tuple(act) for act in acts]
    assert "هيا" not in str(acts)


def test_news_of_what_was_erased_waits_for_nobody(database: Database, vault: Vault, noura: Somebody) -> None:
    closed = erased_id(database, noura.closed)
    database.write_now(erasure.erase_cases, vault, "harif", [closed], NOW)
    assert list(stands(database, vault, noura).news) == [noura.open]


def test_who_is_erased_waits_in_no_queue_but_for_what_stays_and_where_danger_was(
    database: Database, vault: Vault, noura: Somebody
) -> None:
    waiting = [
        Handoff("harif", new_id(), noura.conversation, "question"),
        Handoff("harif", new_id(), noura.conversation, "not_received", reference=noura.open),
        Handoff("harif", new_id(), noura.conversation, "harm_yes", restricted=True),
    ]
    database.write_now(handoffs.add, vault, waiting)
    erase(database, vault, noura)
    left = database.read_now(handoffs.of_conversation, vault, "harif", noura.conversation)
    assert {one.reason for one in left} == {"not_received", "harm_yes"}


def test_who_waits_for_nobody_any_more_is_the_bots_again(database: Database, vault: Vault) -> None:
    key = ("harif", "telegram", "77")
    stored = database.write_now(conversations.take, vault, [key], NOW)[key]
    stored.conversation.holder = "queue"
    waits = Handoff("harif", new_id(), stored.id, "question")
    database.write_now(handoffs.add, vault, [waits])
    routes = erasure.Routes({}, frozenset())
    database.write_now(lambda c: erasure.erase_conversation(c, vault, stored, routes, NOW))
    found = database.write_now(conversations.load_by_id, vault, [("harif", stored.id)])
    assert found["harif", stored.id].conversation.holder == "bot"
    assert not database.read_now(handoffs.any_open, "harif", stored.id)


def stands(database: Database, vault: Vault, somebody: Somebody) -> Conversation:
    key = (somebody.association, somebody.conversation)
    return database.write_now(conversations.load_by_id, vault, [key])[key].conversation

"""What management sees: counted by the database, the same on both, and never what the reader may not know of."""

from typing import Any

import pytest
from sqlalchemy import insert

from storage import figures
from storage.database import Database
from storage.documents import SENT
from storage.figures import Scope
from storage.schema import audit, case_moves, cases, consents, handoffs
from storage.schema_desk import entitlements, pauses, policy_signatures
from storage.schema_notices import tasks
from storage.schema_surveys import improvements, totals, visits, waves
from storage.times import DAY, HOUR

NOW = 1_790_000_000_000
FROM, TO = NOW - 30 * DAY, NOW + DAY
KINDS = ("request", "complaint", "inquiry")
SCOPE = Scope("harif", FROM, TO, KINDS)


class Archive:
    """Rows straight into their tables, with what nobody cares about filled in."""

    def __init__(self, database: Database) -> None:
        self.database, self.ids = database, 0

    def put(self, table: Any, **values: Any) -> int:
        self.ids += 1
        given = {"association": "harif", **({"id": self.ids} if "id" in table.c else {}), **values}
        self.database.write_now(lambda connection: connection.execute(insert(table).values(given)))
        return self.ids

    def case(self, **values: Any) -> int:
        given = {"kind": "request", "stage": "verifying", "opened_at": NOW - 10 * DAY, "updated": NOW, **values}
        return self.put(cases, reference=f"HRF-{self.ids}", **given)

    def handoff(self, **values: Any) -> int:
        return self.put(handoffs, **{"conversation": 1, "reason": "asked", "at": NOW - DAY, **values})

    def ask(self, function: Any, *args: Any) -> Any:
        return self.database.read_now(function, *args)


@pytest.fixture
def archive(database: Database) -> Archive:
    return Archive(database)


def test_what_is_open_is_counted_by_kind_stage_service_and_holder(archive: Archive) -> None:
    archive.case(service="training", holder=7, due=NOW - 1)
    archive.case(service="training", holder=7, due=NOW + HOUR)
    archive.case(service="training", holder=7, due=NOW + 9 * DAY)
    archive.case(service="booth", latest=NOW - 1)
    archive.case(service="booth", latest=NOW - 1, decided_at=NOW - DAY)
    archive.case(closed_at=NOW)
    archive.case(association="ruhama")
    rows = archive.ask(figures.standing, SCOPE, NOW, NOW + 3 * DAY)
    assert sorted(rows, key=lambda row: row.service) == [
        ("request", "verifying", "booth", None, 2, 0, 0, 1),
        ("request", "verifying", "training", 7, 3, 1, 1, 0),
    ]


def test_cases_are_counted_by_the_day_they_came_on_riyadhs_calendar(archive: Archive) -> None:
    midnight = (NOW // DAY) * DAY - 3 * HOUR
    archive.case(opened_at=midnight - 1)
    archive.case(opened_at=midnight)
    archive.case(opened_at=midnight + DAY - 1)
    archive.case(opened_at=midnight, kind="inquiry")
    today = (midnight + 3 * HOUR) // DAY
    assert sorted(archive.ask(figures.opened, SCOPE)) == [
        (today - 1, "request", "", 1),
        (today, "inquiry", "", 1),
        (today, "request", "", 2),
    ]


def test_a_period_holds_its_first_moment_and_not_its_last(archive: Archive) -> None:
    for at in (FROM - 1, FROM, TO - 1, TO):
        archive.case(opened_at=at, decided_at=at)
    assert sum(row.number for row in archive.ask(figures.opened, SCOPE)) == 2
    assert sum(row.number for row in archive.ask(figures.decided, SCOPE)) == 2
    assert sum(count for _, _, count in archive.ask(figures.decided_by_day, SCOPE)) == 2


def test_decisions_are_measured_from_completion_against_the_promise(archive: Archive) -> None:
    base = {"decision": "accept", "decided_by": "7", "service": "training", "decided_at": NOW}
    archive.case(**base, opened_at=NOW - 9 * DAY, completed_at=NOW - 2 * DAY, latest=NOW + DAY)
    archive.case(**base, opened_at=NOW - 9 * DAY, completed_at=NOW - 3 * DAY + 1, latest=NOW - 1)
    archive.case(**base, opened_at=NOW - 2 * DAY, earliest=NOW + 1)
    archive.case(**{**base, "decision": "refuse"}, completed_at=NOW - 40 * DAY)
    found = sorted(archive.ask(figures.decided, SCOPE), key=lambda row: row.days)
    assert found == [
        ("request", "training", "7", "accept", 2, 2, 1, 1, 3),
        ("request", "training", "7", "refuse", 40, 0, 0, 0, 1),
    ]


def test_an_apology_with_a_new_day_does_not_make_a_promise_kept(archive: Archive) -> None:
    base = {"decision": "accept", "decided_by": "7", "service": "training", "decided_at": NOW, "latest": NOW + DAY}
    given = {"body": b"", "why": "promise_missed", "due": NOW, "tries": 1}
    for kind, outcome, at in (
        ("apology", "approved", NOW - DAY),
        ("apology", "not_needed", NOW - DAY),
        ("call", "approved", NOW - DAY),
        ("apology", "approved", NOW - 9 * DAY),  # of a promise that began anew since
    ):
        id = archive.case(**base, opened_at=NOW - 20 * DAY, completed_at=NOW - 2 * DAY)
        archive.put(tasks, **given, case_id=id, kind=kind, outcome=outcome, at=at, state="done")
    (found,) = archive.ask(figures.decided, SCOPE)
    assert found == ("request", "training", "7", "accept", 2, 4, 1, 0, 4)


def test_a_filter_leaves_one_kind_or_one_service(archive: Archive) -> None:
    for kind, service in (("request", "training"), ("request", "booth"), ("inquiry", "")):
        archive.case(kind=kind, service=service, decided_at=NOW)

    def counted(scope: Scope) -> tuple[int, ...]:
        return (
            sum(row.open for row in archive.ask(figures.standing, scope, NOW, NOW)),
            sum(row.number for row in archive.ask(figures.opened, scope)),
            sum(row.number for row in archive.ask(figures.decided, scope)),
        )

    assert counted(SCOPE) == (3, 3, 3)
    assert counted(SCOPE._replace(kind="request")) == (2, 2, 2)
    assert counted(SCOPE._replace(service="booth")) == (1, 1, 1)
    assert counted(SCOPE._replace(kind="compensation")) == (0, 0, 0)
    assert counted(SCOPE._replace(kinds=())) == (0, 0, 0)


def test_what_the_reader_may_not_know_of_is_in_no_figure(archive: Archive) -> None:
    """Restricted, of a kind they do not see, about themselves, of another association."""
    ours = {"kind": "complaint", "decided_at": NOW, "category": "delay", "decision": "answer"}
    own = archive.case(**ours)
    hiding: list[dict[str, Any]] = [{"restricted": True}, {"kind": "compensation"}, {"association": "ruhama"}]
    for hidden in hiding:
        id = archive.case(**{**ours, **hidden})
        archive.put(case_moves, **_move(id, hidden.get("association", "harif")))
    archive.put(case_moves, **_move(own))
    archive.handoff(reference=f"HRF-{own - 1}")
    archive.handoff(reference=f"HRF-{own - 1}", replied_at=NOW)
    archive.handoff(restricted=True)
    archive.handoff(association="ruhama")
    archive.handoff(restricted=True, replied_at=NOW)

    def everything(scope: Scope) -> list[int]:
        return [
            sum(row.open for row in archive.ask(figures.standing, scope, NOW, NOW)),
            sum(row.number for row in archive.ask(figures.opened, scope)),
            sum(row.number for row in archive.ask(figures.decided, scope)),
            sum(row[-1] for row in archive.ask(figures.decided_by_day, scope)),
            sum(row[-1] for row in archive.ask(figures.outcomes, scope, "complaint")),
            len(archive.ask(figures.moved, scope, "complaint", "acknowledge")),
            len(archive.ask(figures.answered, scope)),
            sum(archive.ask(figures.handed_over, scope).values()) // 2,
            archive.ask(figures.waiting, scope),
            len(archive.ask(figures.samples, scope, "complaint")),
            len(archive.ask(figures.listed, scope)),
        ]

    assert everything(SCOPE) == [1] * 11
    assert everything(SCOPE._replace(hidden=(own,))) == [0] * 11


def _move(case_id: int, association: str = "harif", move: str = "acknowledge", at: int = NOW) -> dict[str, Any]:
    return {"association": association, "case_id": case_id, "seq": 1, "move": move, "at": at}


def test_complaints_are_counted_by_subject_and_what_became_of_them(archive: Archive) -> None:
    for category, stage, decision in (
        ("delay", "closed", "answer"),
        ("delay", "closed", "answer"),
        ("delay", "investigating", ""),
        ("staff", "closed", "agree"),
    ):
        archive.case(kind="complaint", category=category, stage=stage, decision=decision)
    archive.case(kind="request", category="delay")
    assert sorted(archive.ask(figures.outcomes, SCOPE, "complaint")) == [
        ("delay", "closed", "answer", 2),
        ("delay", "investigating", "", 1),
        ("staff", "closed", "agree", 1),
    ]


def test_how_soon_a_complaint_was_acknowledged_is_known(archive: Archive) -> None:
    id = archive.case(kind="complaint", opened_at=NOW - HOUR)
    archive.put(case_moves, **_move(id))
    archive.put(case_moves, **{**_move(id), "seq": 2, "move": "assess"})
    assert archive.ask(figures.moved, SCOPE, "complaint", "acknowledge") == [(NOW - HOUR, NOW)]


def test_hand_overs_say_when_they_were_answered_by_whom_and_why_they_came(archive: Archive) -> None:
    archive.handoff(at=NOW - 3, replied_at=NOW - 1, taken_by="7", reason="asked", done_at=NOW)
    archive.handoff(at=NOW - 2, replied_at=NOW, taken_by="8", reason="unclear")
    archive.handoff(at=NOW - 2, reason="unclear")
    archive.handoff(at=FROM - 1, reason="unclear")
    archive.handoff(at=NOW - 2, reason="unclear", done_at=NOW)
    assert archive.ask(figures.answered, SCOPE) == [(NOW - 2, NOW, "8"), (NOW - 3, NOW - 1, "7")]
    assert archive.ask(figures.handed_over, SCOPE) == {"asked": 1, "unclear": 3}
    assert archive.ask(figures.waiting, SCOPE) == 2


def test_restricted_cases_are_a_number_only_from_five_on(archive: Archive) -> None:
    for _ in range(4):
        archive.case(restricted=True)
    assert archive.ask(figures.restricted, SCOPE) is None
    archive.case(restricted=True)
    assert archive.ask(figures.restricted, SCOPE) == 5
    assert archive.ask(figures.restricted, SCOPE._replace(association="ruhama")) is None


def test_what_was_recorded_is_counted_within_the_period_and_the_association(archive: Archive) -> None:
    for association, at in (("harif", NOW), ("harif", FROM - 1), ("ruhama", NOW)):
        mine = {"association": association}
        archive.put(consents, **mine, conversation=1, purpose="case", given=True, at=at)
        archive.put(consents, **mine, conversation=1, purpose="case", given=False, at=at)
        id = archive.case(**mine, opened_at=at, digest="abc")
        archive.put(entitlements, **mine, case_id=id, delivered_at=at, confirmed_at=at)
        archive.put(policy_signatures, **mine, staff=archive.ids, version="v1", at=at)
        archive.put(pauses, **mine, case_id=id, by=1, at=at)
        for who, act, subject in (
            ("person", SENT, "document:1"),
            ("staff:1", SENT, "document:2"),
            ("staff:1", "view", "document:2"),
        ):
            archive.put(audit, **mine, at=at, who=who, act=act, subject=subject)
    assert archive.ask(figures.recorded, SCOPE) == {
        "consents": 1,
        "withdrawn_consents": 1,
        "declarations": 1,
        "delivered": 1,
        "confirmed": 1,
        "policy_signatures": 1,
        "documents_sent": 2,
        "paused": 1,
    }


def test_samples_are_references_of_the_newest_cases_in_which_it_happened(archive: Archive) -> None:
    ids = [archive.case(opened_at=NOW - age) for age in (3, 2, 1)]
    archive.put(case_moves, **_move(ids[0], move="accept"))
    references = [f"HRF-{id - 1}" for id in ids]
    assert archive.ask(figures.samples, SCOPE, "request", "", 2) == [references[2], references[1]]
    assert archive.ask(figures.samples, SCOPE, "request", "accept") == [references[0]]


def test_the_list_of_cases_goes_on_where_it_stopped(archive: Archive) -> None:
    for age in range(5):
        archive.case(opened_at=NOW - age // 2)
    rows, after = [], (-1, -1)
    while page := archive.ask(figures.listed, SCOPE, after, 2):
        rows += page
        after = (page[-1].opened_at, page[-1].id)
    assert len(rows) == len({row.id for row in rows}) == 5
    assert rows == sorted(rows, key=lambda row: (row.opened_at, row.id))


def test_a_case_is_decided_when_its_move_decides_and_undecided_when_it_is_reopened(
    archive: Archive, database: Database, vault: Any
) -> None:
    from storage import cases as filed

    case = filed.Case(association="harif", id=1, reference="HRF-A", kind="request", stage="with_committee", opened_at=1)
    database.write_now(lambda connection: filed.file(connection, vault, [case], 1))

    def move(name: str, before: str, after: str, at: int) -> tuple[Any, ...]:
        given = filed.Move(
            association="harif",
            reference="HRF-A",
            move=name,
            from_stage=before,
            to_stage=after,
            who="committee",
            actor="7",
            at=at,
        )
        database.write_now(lambda connection: filed.move(connection, vault, given))
        c = cases.c
        from sqlalchemy import select

        query = select(c.decided_at, c.decision, c.decided_by)
        return tuple(database.read_now(lambda connection: connection.execute(query).one()))

    assert move("refuse", "with_committee", "refused", 5) == (5, "refuse", "7")
    assert move("object", "refused", "with_committee", 6) == (None, "", "")
    assert move("accept", "with_committee", "accepted", 7) == (7, "accept", "7")
    assert move("register", "accepted", "registered", 8) == (7, "accept", "7")


def test_what_asking_and_listening_came_to_is_counted_for_its_clauses(archive: Archive) -> None:
    in_time, before = NOW - 5 * DAY, FROM - DAY

    def wave(starts: int, answered: int = 0, **values: Any) -> None:
        given = {"kind": "survey", "state": "running", "at": starts, "starts": starts, "ends": NOW, **values}
        id = archive.put(waves, **given)
        sides = (("all", "", answered), ("source", "field", 2), ("source", "interview", 1)) if answered else ()
        for segment, value, many in sides:
            archive.put(totals, wave=id, question="@responses", segment=segment, value=value, score="begun", many=many)

    wave(in_time, 9)
    wave(in_time, 4)
    wave(before, 7)
    wave(in_time, association="ruhama")
    wave(in_time, state="drafted")
    wave(in_time, kind="broadcast", purpose="services")
    archive.put(visits, by=1, day=in_time, at=NOW, followed_at=NOW)
    archive.put(visits, by=1, day=in_time, at=NOW)
    archive.put(visits, by=1, day=before, at=NOW)
    archive.put(improvements, state="done", by=1, at=in_time, done_at=NOW, published_at=NOW)
    archive.put(improvements, state="open", by=1, at=in_time)
    archive.put(improvements, state="done", by=1, at=before, done_at=before)
    found = archive.ask(figures.proof, SCOPE)
    assert {name: found[name] for name in ("waves", "answered", "field", "interviews")} == {
        "waves": 2, "answered": 13, "field": 4, "interviews": 2,
    }  # fmt: skip
    assert (found["visits"], found["visits_followed"]) == (2, 1)
    assert (found["improvements"], found["improved"], found["published"]) == (2, 1, 1)
    assert (found["told_services"], found["told_changes"]) == (1, 0)

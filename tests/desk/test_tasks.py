"""Where no message can reach a person, a worker does: what may be said, what came of it, and what follows."""

from typing import Any

import pytest
from sqlalchemy import update

from bot.papers import letter as papers
from storage import consents, notices, tasks
from storage.cases import Case
from storage.ids import new_id
from storage.notices import Leg, Notice
from storage.schema import cases as cases_table
from storage.tasks import Task
from storage.times import DAY, HOUR, ms
from tests.desk.house import House, Person, words_of


def case_of(house: House, person: Person, kind: str = "request") -> Case:
    from sqlalchemy import select

    from storage import cases
    from storage.schema import cases as table

    c = table.c
    reference = house.ask(
        lambda connection: connection.scalar(
            select(c.reference).where(c.conversation == person.id, c.kind == kind).order_by(c.id.desc())
        )
    )
    found: Case | None = house.ask(cases.by_reference, house.vault, "harif", reference)
    assert found is not None
    return found


@pytest.fixture
def person(house: House) -> Person:
    known = house.person("7301")
    known.does(known.apply())
    return known


def task(house: House, known: Case, kind: str = "call", about: str = "", **fields: Any) -> Task:
    """A task at the end of a notice's chain."""
    now = ms(house.now)
    notice = Notice(
        "harif", new_id(), about.partition(":")[0] or "update", about or f"update:{known.reference}:1", now,
        reference=known.reference, case_id=known.id, conversation=known.conversation, beneficiary=known.beneficiary,
        state=notices.WITH_STAFF, step=1,
    )  # fmt: skip
    made = Task(
        "harif", new_id(), kind, notice=notice.id, case_id=known.id, reference=known.reference,
        conversation=known.conversation, beneficiary=known.beneficiary, why="exhausted", at=now, due=now,
    )._replace(**fields)  # fmt: skip
    house.do(notices.add, notice)
    house.do(notices.add_leg, Leg("harif", notice.id, 1, "phone", now, "out", task=made.id))
    house.do(tasks.add, house.vault, made)
    return made


def at(house: House, made: Task) -> Task:
    found: Task | None = house.ask(tasks.get, house.vault, "harif", made.id)
    assert found is not None
    return found


def notice(house: House, made: Task) -> Notice:
    found: Notice | None = house.ask(notices.get, "harif", made.notice)
    assert found is not None
    return found


def refused(house: House, person: Person) -> str:
    """Their request is refused; the event that tells of it."""
    from datetime import UTC, datetime

    from bot.case_moves import move_case

    known = case_of(house, person)
    for move, who, given in (
        ("verify", "relations_officer", {}),
        ("pass_on", "relations_officer", {}),
        ("refuse", "committee", {"reason": "لا يشمله الدعم", "help": "دورة تدريبية"}),
    ):
        known = case_of(house, person)
        house.do(
            lambda c, move=move, who=who, given=given, known=known: move_case(
                c, house.vault, house.associations["harif"], known, move, who, datetime(2027, 3, 1, tzinfo=UTC),
                given=given, confirmed=True, tell=lambda *_: None,
            )
        )  # fmt: skip
    known = case_of(house, person)
    assert known.stage == "refused"
    return f"moved:{known.reference}:{known.moves}"


def test_a_worker_sees_what_is_due_shows_the_number_on_record_and_notes_that_they_were_told(
    house: House, person: Person
) -> None:
    known = case_of(house, person)
    made = task(house, known)
    officer = house.worker("relations_officer")
    listed = officer.text("/tasks")
    assert "اتصال" in listed
    assert known.reference in listed
    page = officer.get(f"/tasks/{made.id}").text
    assert "نورة السالم" in page
    assert "tel:" not in page
    shown = officer.post(f"/tasks/{made.id}/number").text
    assert "tel:+966500000007" in shown
    assert (officer.who, "task.number", f"task:{made.id}", "") in house.acts()
    assert at(house, made).staff == officer.id
    assert "سُجّلت" in words_of(officer.post(f"/tasks/{made.id}", outcome="reached", note="شكرت لنا").text)
    done = at(house, made)
    assert (done.state, done.outcome, done.staff) == ("done", "reached", officer.id)
    assert notice(house, made).state == notices.REACHED
    assert (officer.who, "task.done", f"task:{made.id}", "reached") in house.acts()
    assert known.reference not in officer.text("/tasks")
    assert known.reference in officer.text("/tasks?over=1")
    # What was noted once is not noted twice.
    assert officer.post(f"/tasks/{made.id}", outcome="wrong_number").status_code == 422
    assert notice(house, made).state == notices.REACHED


def test_without_answer_it_comes_back_by_day_and_is_given_up_after_the_last_try(house: House, person: Person) -> None:
    made = task(house, case_of(house, person))
    officer = house.worker("relations_officer")
    due = made.due
    for _ in range(3):
        officer.post(f"/tasks/{made.id}", outcome="no_answer")
        again = at(house, made)
        assert again.state == "open"
        assert again.due >= due + 3 * HOUR
        due = again.due
    assert notice(house, made).state == notices.WITH_STAFF
    officer.post(f"/tasks/{made.id}", outcome="no_answer")
    over = at(house, made)
    assert (over.state, over.tries) == ("given_up", 4)
    went_on = notice(house, made)
    assert (went_on.state, went_on.due) == (notices.OUT, ms(house.now))


def test_an_error_shows_no_number_that_nobody_asked_for_on_record(house: House, person: Person) -> None:
    made = task(house, case_of(house, person))
    officer = house.worker("relations_officer")
    for path, fields in (("", {"outcome": ""}), ("/proven", {"right": "0"})):
        answer = officer.post(f"/tasks/{made.id}{path}", **fields)
        assert answer.status_code == 422 and "tel:" not in answer.text
    officer.post(f"/tasks/{made.id}/number")
    assert "tel:" in officer.post(f"/tasks/{made.id}", outcome="").text, "who asked for it keeps it in sight"


def test_a_wrong_number_lets_the_notice_go_on(house: House, person: Person) -> None:
    made = task(house, case_of(house, person))
    house.worker("relations_officer").post(f"/tasks/{made.id}", outcome="wrong_number")
    assert at(house, made).outcome == "wrong_number"
    assert notice(house, made).state == notices.OUT


def test_a_refusal_is_told_only_to_who_answered_two_questions(house: House, person: Person) -> None:
    about = refused(house, person)
    known = case_of(house, person)
    made = task(house, known, about=about)
    officer = house.worker("relations_officer")
    page = officer.text(f"/tasks/{made.id}")
    assert "لديكم جديد" in page
    assert "لا يشمله الدعم" not in page
    assert "1012345672" not in page
    one = officer.post(f"/tasks/{made.id}/proven", right="0")
    assert one.status_code == 422
    assert "لا يشمله الدعم" not in one.text
    two = officer.client.post(
        f"/desk/harif/tasks/{made.id}/proven",
        data={"key": key(officer), "once": "two", "right": ["0", "1"]},
        headers={"origin": "http://desk.example"},
    )
    assert "لا يشمله الدعم" in two.text
    assert (officer.who, "task.proven", f"task:{made.id}", "0,1") in house.acts()
    assert 'name="proven"' in two.text
    assert 'name="proven"' not in one.text


@pytest.mark.parametrize(("more", "state"), [({"proven": "1"}, notices.REACHED), ({}, notices.UNOPENED)])
def test_a_refusal_counts_as_told_to_who_showed_who_they_are_and_else_as_announced(
    house: House, person: Person, more: dict[str, str], state: str
) -> None:
    made = task(house, case_of(house, person), about=refused(house, person))
    house.worker("relations_officer").post(f"/tasks/{made.id}", outcome="reached", **more)
    assert notice(house, made).state == state


def watched(monkeypatch: pytest.MonkeyPatch) -> list[papers.Letter]:
    """What is drawn from now on."""
    drawn: list[papers.Letter] = []
    draw = papers.letters_pdf

    def drawing(given: Any, *how: Any) -> Any:
        drawn.extend(given)
        return draw(given, *how)

    monkeypatch.setattr(papers, "letters_pdf", drawing)
    return drawn


def key(worker: Any) -> str:
    from bot.desk.desk import key_of

    return key_of(worker.token)


def test_what_is_plain_is_read_at_once_in_the_words_the_message_would_have_had(house: House, person: Person) -> None:
    known = case_of(house, person)
    page = house.worker("relations_officer").text(f"/tasks/{task(house, known).id}")
    assert "هذا خبر طلبكم" in page
    assert "هذا فقط" not in page


def test_a_complaint_s_call_is_made_by_those_who_hear_complaints_and_says_nothing_of_it(house: House) -> None:
    person = house.person("7302")
    person.does(person.complain())
    known = case_of(house, person, "complaint")
    made = task(house, known)
    assert house.worker("relations_officer").get(f"/tasks/{made.id}").status_code == 404
    hearing = house.worker("follow_up_committee")
    page = hearing.text(f"/tasks/{made.id}")
    assert "لديكم جديد" in page
    assert known.reference not in hearing.get(f"/tasks/{made.id}/paper.pdf").text


def test_what_is_restricted_is_the_protection_officer_s_and_what_is_for_women_a_woman_s(
    house: House, person: Person
) -> None:
    known = case_of(house, person)
    for_women = task(house, known, women_only=True)
    restricted = task(house, known, case_id=None, restricted=True)
    man, woman = house.worker("relations_officer"), house.worker("relations_officer", woman=True)
    guard = house.worker("protection_officer")
    assert [one.get(f"/tasks/{for_women.id}").status_code for one in (man, woman)] == [404, 200]
    assert [one.get(f"/tasks/{restricted.id}").status_code for one in (man, woman, guard)] == [404, 404, 200]
    assert man.post(f"/tasks/{restricted.id}/number").status_code == 404
    assert man.post(f"/tasks/{for_women.id}", outcome="reached").status_code == 404
    assert house.worker("auditor").get("/tasks").status_code == 403


def test_another_association_sees_and_does_nothing_of_it(house: House, person: Person) -> None:
    made = task(house, case_of(house, person))
    other = house.worker("relations_officer", association="ruhama")
    assert other.get(f"/tasks/{made.id}").status_code == 404
    assert other.post(f"/tasks/{made.id}", outcome="reached").status_code == 404
    assert other.get(f"/desk/harif/tasks/{made.id}").status_code == 404
    assert at(house, made).state == "open"


def test_who_asks_us_to_stop_on_the_telephone_is_stopped_everywhere_with_their_word_on_record(
    house: House, person: Person
) -> None:
    made = task(house, case_of(house, person))
    house.worker("relations_officer").post(f"/tasks/{made.id}", outcome="stop")
    house.settle()
    assert house.line.where("7301").stopped
    given = house.ask(consents.of_person, "harif", person.id)[-1]
    assert (given.given, given.channel, given.how) == (False, "phone", "staff")
    assert notice(house, made).state == notices.REACHED


def test_a_reported_death_stops_everything_and_brings_the_family_before_staff(house: House, person: Person) -> None:
    known = case_of(house, person)
    made, other = task(house, known), task(house, known, "letter")
    told = len(person.told)
    house.worker("relations_officer").post(f"/tasks/{made.id}", outcome="died")
    house.settle()
    state = house.line.where("7301")
    assert state.muted
    assert state.holder == "queue"
    assert at(house, other).state == "given_up"
    assert {notice(house, one).state for one in (made, other)} == {notices.DROPPED}
    house.later(days=3)
    assert len(person.told) == told


def test_letters_are_printed_together_and_marked_as_posted_together(
    house: House, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = case_of(house, person)
    letters = [task(house, known, "letter") for _ in range(3)]
    call = task(house, known)
    drawn = watched(monkeypatch)
    officer = house.worker("relations_officer")
    page = officer.get("/tasks?kind=letter").text
    assert page.count('name="task"') == 3

    def send(path: str, once: str, *chosen: Task) -> Any:
        data = {"key": key(officer), "once": once, "task": [str(one.id) for one in chosen]}
        return officer.client.post(f"/desk/harif{path}", data=data, headers={"origin": "http://desk.example"})

    printed = send("/letters/print", "batch", *letters[:2], call)
    assert printed.content.startswith(b"%PDF")
    assert [one.to for one in drawn] == ["نورة السالم"] * 2
    assert drawn[0].address == ("RRRD2929",)
    assert drawn[0].reference == known.reference
    assert "هذا خبر طلبكم" in drawn[0].body
    assert send("/letters/posted", "batch", *letters[:2], call).status_code == 303
    assert [at(house, one).outcome for one in letters] == ["posted", "posted", ""]
    assert at(house, call).state == "open"
    assert notice(house, letters[0]).state == notices.REACHED
    assert send("/letters/posted", "nothing").status_code == 422
    # One comes back: the notice goes on.
    officer.post(f"/tasks/{letters[0].id}", outcome="returned")
    assert at(house, letters[0]).outcome == "returned"


def test_a_letter_about_a_refusal_says_only_that_there_is_news_and_a_slip_keeps_it_apart(
    house: House, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = refused(house, person)
    known = case_of(house, person)
    drawn = watched(monkeypatch)
    officer = house.worker("relations_officer")
    for kind in ("letter", "fax", "slip"):
        officer.get(f"/tasks/{task(house, known, kind, about).id}/paper.pdf")
    letter, fax, slip = drawn
    assert all("لا يشمله الدعم" not in one.body for one in drawn)
    assert "لا نكتبه هنا" in letter.body
    assert not letter.more
    assert fax.house_fax == "013 882 0258"
    assert "لا يشمله الدعم" in slip.more
    printed = [act for act in house.acts() if act[1] == "task.print"]
    assert len(printed) == 3


def test_an_apology_is_approved_with_a_new_day_and_its_reason_and_then_they_hear(house: House, person: Person) -> None:
    known = case_of(house, person)
    made = task(house, known, "apology", notice=None)
    officer = house.worker("management")
    assert officer.post(f"/tasks/{made.id}", outcome="approved", note="تأخر اجتماع اللجنة").status_code == 422
    assert officer.post(f"/tasks/{made.id}", outcome="approved", until="2027-01-10").status_code == 422
    for closed in ("2027-01-08", "2027-02-22"):  # a Friday, the Founding Day
        answer = officer.post(f"/tasks/{made.id}", outcome="approved", note="تأخر اجتماع اللجنة", until=closed)
        assert answer.status_code == 422 and "مغلقة في ذلك اليوم" in answer.text
        assert closed in answer.text and "تأخر اجتماع اللجنة" in answer.text, "what was typed stays"
    assert at(house, made).state == "open"
    officer.post(f"/tasks/{made.id}", outcome="approved", note="تأخر اجتماع اللجنة", until="2027-01-10")
    house.settle()
    assert at(house, made).outcome == "approved"
    assert "نعتذر" in person.told[-1]
    assert "تأخر اجتماع اللجنة" in person.told[-1]
    assert "١٠ يناير ٢٠٢٧" in person.told[-1]
    after = case_of(house, person)
    assert after.latest is not None
    assert after.latest - ms(house.now) > 40 * DAY


def test_no_new_day_is_promised_for_what_waits_for_nobody_here_any_more(house: House, person: Person) -> None:
    known = case_of(house, person)
    made = task(house, known, "apology", notice=None)
    house.do(lambda c: c.execute(update(cases_table).where(cases_table.c.id == known.id).values(stage="returned")))
    officer, given = house.worker("management"), {"note": "تأخر اجتماع اللجنة", "until": "2027-01-10"}
    answer = officer.post(f"/tasks/{made.id}", outcome="approved", **given)
    assert answer.status_code == 422 and "لا ينتظر ردّنا" in answer.text and given["note"] in answer.text
    assert case_of(house, person).latest == known.latest
    officer.post(f"/tasks/{made.id}", outcome="not_needed", note="أعيد للاستكمال")
    assert at(house, made).outcome == "not_needed"


def test_how_they_are_told_changes_by_their_word_which_is_on_record(house: House, person: Person) -> None:
    known = case_of(house, person)
    officer = house.worker("relations_officer")
    assert "تغيير وسيلة" in officer.text(f"/case/{known.id}")
    where = f"/case/{known.id}/agreed"
    for channel, who in (("whatsapp", "applicant"), ("phone", "nobody"), ("", "")):
        assert officer.post(where, channel=channel, who=who, note="قالها في اتصال").status_code == 422
    assert officer.post(where, channel="fax", who="applicant", where="12", note="قالها").status_code == 422
    unsaid = officer.post(where, channel="fax", who="applicant", where="٠١٣ ٨٨٢ ٠٢٥٨")
    assert unsaid.status_code == 422 and "ماذا قال" in unsaid.text, "their word is what it rests on"
    assert case_of(house, person).agreed_channel == "telegram"
    officer.post(where, channel="fax", who="applicant", where="٠١٣ ٨٨٢ ٠٢٥٨", note="يفضلون الفاكس")
    after = case_of(house, person)
    assert (after.agreed_channel, after.answers["agreed_address"]) == ("fax", "+966138820258")
    assert (officer.who, "case.agreed", f"case:{known.id}", "fax applicant") in house.acts()
    said = house.ask(consents.of_person, "harif", person.id)[-1]
    assert (said.purpose, said.given, said.channel, said.reference, said.how) == (
        "case", True, "fax", known.reference, "staff",
    )  # fmt: skip
    assert "يفضلون الفاكس" in officer.text(f"/case/{known.id}")
    assert "+966138820258" in officer.text(f"/tasks/{task(house, known, 'fax').id}")
    officer.post(where, channel="letter", who="beneficiary", where="ص ب ١٢، الدمام", note="زارنا وقالها")
    assert "ص ب ١٢" in officer.text(f"/tasks/{task(house, known, 'letter').id}")
    # What moves now is told by a letter: a task, and no message.
    told = len(person.told)
    other = house.worker("committee")
    assert other.post(where, channel="phone", who="applicant").status_code == 403
    from bot.case_moves import move_case
    from storage import timers

    def move(connection: Any) -> None:
        from bot.notices import telling

        wake = telling(
            connection, house.vault, house.associations["harif"], house.now,
            lambda conversation, timer: timers.set_all(
                connection, [timers.Timer("harif", conversation, timer, ms(house.now))]
            ),
        )  # fmt: skip
        move_case(
            connection, house.vault, house.associations["harif"], case_of(house, person), "verify",
            "relations_officer", house.now, tell=wake,
        )  # fmt: skip

    house.do(move)
    house.settle()
    assert len(person.told) == told
    _, kind, state, _ = house.ask(tasks.of_case, "harif", known.id)[0]
    assert (kind, state) == ("letter", "open")


def test_another_address_is_named_in_a_call_and_asked_there_first(house: House, person: Person) -> None:
    known = case_of(house, person)
    officer = house.worker("relations_officer")
    where = f"/case/{known.id}/agreed"
    said = {"channel": "whatsapp", "who": "applicant", "note": "قالت في اتصال: أرسلوا على واتساب"}
    assert officer.post(where, **said).status_code == 422, "which number?"
    assert officer.post(where, **said, where="013 882 0058").status_code == 422, "a landline has no WhatsApp"
    there = house.person("+966500000008", "whatsapp")
    there.does(there.say("السلام عليكم"))
    officer.post(where, **said, where="٠٥٠٠٠٠٠٠٠٨")
    after = case_of(house, person)
    assert (after.agreed_channel, after.answers["agreed_address"]) == ("whatsapp", "+966500000008")
    house.later(seconds=1)
    assert "أهو أنتم" in there.told[-1] and known.reference not in "".join(there.told)
    there.does(there.say("نعم"))
    house.later(seconds=1)
    assert "أكّدتم العنوان" in person.told[-1]
    assert "رقم جوال" in officer.text(f"/case/{known.id}")


def test_whoever_said_no_is_asked_once_more_where_staff_heard_it_from_the_person(house: House, person: Person) -> None:
    known = case_of(house, person)
    officer = house.worker("relations_officer")
    there = house.person("+966500000008", "whatsapp")
    there.does(there.say("السلام عليكم"))
    named = {"channel": "whatsapp", "who": "applicant", "note": "رقم أخيها", "where": "0500000008"}
    officer.post(f"/case/{known.id}/agreed", **named)
    house.later(seconds=1)
    there.does(there.say("لا"))
    asked = sum("أهو أنتم" in text for text in there.told)
    officer.post(f"/case/{known.id}/agreed", **named)
    house.later(seconds=1)
    assert sum("أهو أنتم" in text for text in there.told) == asked + 1

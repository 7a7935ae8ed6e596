"""The audit's page: who saw and changed what, found by worker, act, case and day, and how far the chain has come."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.desk.rooms.audit import NOT_STAFF
from bot.desk.words import desk_wording
from conversations.cases.appointment import ACTS
from storage import audit, audit_chain, retention
from storage.audit import Act
from storage.ids import new_id
from storage.times import HOUR, ms
from tests.desk.house import House

ROOT = Path(__file__).parents[2]


def acted(house: House, *acts: tuple[str, str, str], association: str = "harif", detail: str = "") -> None:
    rows = [Act(association, ms(house.now), *act, detail) for act in acts]
    house.do(audit.log, rows)


def test_an_auditor_reads_who_did_what_to_what(house: House) -> None:
    person = house.person("7001")
    reference = person.does(person.apply())
    officer, auditor = house.worker("relations_officer", name="سارة العمري"), house.worker("auditor", name="مراجع")
    (case,) = house.line.rows("cases")
    acted(house, (officer.who, "view", f"case:{case.id}"), ("operator", "case.move", f"case:{case.id}"))
    acted(house, ("system", "draft.erased", f"conversation:{person.id}"))
    acted(house, (officer.who, "a.new.code", "thing:7"), detail="how:7")
    page = auditor.text("/audit")
    assert f"سارة العمري اطّلاع · حالة {reference}" in page
    assert f"المشغّل نقل إلى مرحلة أخرى · حالة {reference}" in page
    assert "النظام مسح طلب لم يكتمل · محادثة" in page
    assert "a.new.code · thing:7 how:7" in page, "what is newer than its words is shown as it is"
    assert "هـ" in page, "in both calendars"
    assert f"/desk/harif/case/{case.id}" in auditor.get("/audit").text
    assert f"/conversation/{person.id}" not in auditor.get("/audit").text, "an auditor enters no conversation"


def test_looking_at_the_record_stands_in_it(house: House) -> None:
    auditor = house.worker("auditor")
    auditor.text("/audit")
    assert (auditor.who, "view", "audit", "") in house.acts()
    assert "اطّلاع · سجل الأعمال" in auditor.text("/audit")


def test_only_who_may_read_it_does_and_only_of_their_association(house: House) -> None:
    acted(house, ("operator", "case.move", "case:RHM-OTHER"), association="ruhama")
    assert "RHM-OTHER" not in house.worker("management").text("/audit")
    for role in ("relations_officer", "committee", "administrator", "protection_officer"):
        assert house.worker(role).get("/audit").status_code == 403
    assert house.worker("auditor", association="ruhama").get("/desk/harif/audit").status_code == 404


def test_a_case_that_the_reader_may_not_see_has_no_name_here(house: House) -> None:
    person = house.person("7001")
    reference = person.does(person.complain())
    (case,) = house.line.rows("cases")
    from sqlalchemy import update

    from storage.schema import cases

    house.do(lambda c: c.execute(update(cases).values(restricted=True)))
    acted(house, ("staff:9", "view", f"case:{case.id}"), ("operator", "case.move", f"case:{case.id}"))
    auditor = house.worker("auditor")
    page = auditor.get("/audit").text
    assert reference not in page and f"/case/{case.id}" not in page
    assert "نقل إلى مرحلة أخرى · حالة" in auditor.text("/audit")
    assert auditor.get(f"/audit?case={case.id}").status_code == 404
    assert auditor.post("/audit/find", reference=reference).status_code == 404


def test_acts_are_found_by_worker_by_act_and_by_case(house: House) -> None:
    person = house.person("7001")
    reference = person.does(person.apply())
    (case,) = house.line.rows("cases")
    acted(house, ("staff:1", "case.move", f"case:{case.id}"), ("operator", "note", f"case:{case.id}"))
    acted(house, ("staff:1", "note", "case:77"), ("stranger", "sign_in.failed", ""))
    auditor = house.worker("auditor")

    def shown(path: str) -> list[str]:
        page = auditor.get(path).text
        return [one for one in ("staff:1", "المشغّل</strong>", "شخص لم يُعرف</strong>") for _ in range(page.count(one))]

    assert len(shown("/audit")) == 4
    assert shown("/audit?who=operator") == ["المشغّل</strong>"]
    assert shown("/audit?act=sign_in.failed") == ["شخص لم يُعرف</strong>"]
    assert shown("/audit?who=staff:1&act=note") == ["staff:1"]
    found = auditor.post("/audit/find", follow=False, reference=reference.lower().replace("-", " "))
    assert found.headers["location"] == f"/desk/harif/audit?case={case.id}"
    assert shown(f"/audit?case={case.id}") == ["staff:1", "المشغّل</strong>"]
    answer = auditor.post("/audit/find", reference="HRF-22222-22222")
    assert answer.status_code == 404 and "حرفًا حرفًا" in answer.text and "HRF-22222-22222" in answer.text
    assert reference not in str(found.headers), "no reference stands in an address"


def test_what_is_done_to_a_case_is_one_row_and_all_of_it_is_found_by_the_case(house: House) -> None:
    person = house.person("7001")
    reference = person.does(person.apply())
    (case,) = house.line.rows("cases")
    above = house.worker("management", "social_researcher", "follow_up_committee")
    other = house.worker("relations_officer")
    above.post("/appointments", kind="interview", case=str(case.id))
    (met,) = house.line.rows("appointments", "id")
    above.post(f"/appointments/{met.id}", act="confirm", day1="2026-11-24", hour1="10:00")
    above.post(f"/case/{case.id}/hold", to=str(other.id))
    mine = [(act, subject) for who, act, subject, _ in house.acts() if who == above.who and act != "view"]
    assert mine == [
        ("appointment.request", f"appointment:{met.id}"),
        ("appointment.confirm", f"appointment:{met.id}"),
        ("case.hold", f"case:{case.id}"),
    ]
    assert not [row for row in house.acts() if reference in str(row)], "a case is named by its id alone"
    page = house.worker("auditor").text(f"/audit?case={case.id}")
    for act in ("طلب موعد", "تأكيد موعد", "إسناد حالة"):
        assert page.count(f"{act} ·") == 1, (act, page)


def test_a_day_is_shown_by_itself(house: House) -> None:
    from conversations.cases.calendar import here
    from storage.times import moment

    acted(house, ("operator", "note", "case:1"))
    today = here(moment((new_id() >> 20) + 1_577_836_800_000)).date().isoformat()
    auditor = house.worker("auditor")
    assert "المشغّل ملاحظة داخلية" in auditor.text(f"/audit?day={today}")
    assert "لا أعمال هنا" in auditor.text("/audit?day=2021-01-01")
    for nonsense in ("tomorrow", "2026-99-99"):
        assert "المشغّل ملاحظة داخلية" in auditor.text(f"/audit?day={nonsense}&before=x&case=y")


def test_older_acts_are_one_page_further(house: House) -> None:
    acted(house, *(("operator", "note", f"case:{n}") for n in range(60)))
    auditor = house.worker("auditor")
    import re

    first = auditor.get("/audit?who=operator").text
    assert first.count("<strong>المشغّل</strong>") == 50
    (more,) = re.findall(r'href="([^"]*before=[^"]*)"', first)
    assert auditor.get(more.replace("&amp;", "&")).text.count("<strong>المشغّل</strong>") == 10


def test_the_state_of_the_chain_is_said(house: House) -> None:
    auditor = house.worker("auditor")
    assert "لم يُربط شيء بعد" in auditor.text("/audit")
    house.run(house.line.rounds.upkeep.link_audit())
    page = auditor.text("/audit")
    assert "مربوط في السلسلة" in page and "لم يُربط بعد" in page, "what was done just now is not linked yet"
    head = house.ask(audit_chain.head, "harif")
    assert f"{head.number}:{head.digest}" in page
    house.line.now += house.line.now.resolution * 3600 * 10**6
    assert ms(house.now) - head.at >= HOUR
    assert "فأخبروا المشغّل" in auditor.text("/audit")


# --- words -----------------------------------------------------------------------------------------------------------

CALLS = {"write": 0, "put": 0, "_put": 2, "Act": 3, "note": 2, "_record": 1, "_log": 3, "log": 1, "_on_record": 3}
"""Which argument names the act, by what is called."""
SPELT_OUT: dict[str, list[str]] = {
    "appointment.{}": [f"appointment.{act.name}" for act in ACTS] + ["appointment.request"],
    "block.{}": ["block.blocked", "block.spam"],
    "presence.{}": ["presence.auto", "presence.away"],
    "entitlement.{}": [f"entitlement.{name}" for name in ("deliver", "confirm", "not_received", "cancel")],
}
"""Acts whose names are put together."""


def acts_of(path: Path) -> Iterator[str]:
    """Codes that this file writes into the audit."""
    tree = ast.parse(path.read_text())
    constants = {
        target.id: one.value
        for one in tree.body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        # What is handed to a transaction to be called there: write(at.log, act, …).
        place = next((n + 1 for n, one in enumerate(node.args) if ast.unparse(one) == "at.log"), None)
        place = _place(path, node) if place is None else place
        if place is not None and len(node.args) > place:
            given = node.args[place]
            yield from _texts(constants.get(given.id, given) if isinstance(given, ast.Name) else given)


def _place(path: Path, node: ast.Call) -> int | None:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if called in ("write", "put", "log") and not (isinstance(owner, ast.Name) and owner.id == "at"):
        return None
    if (called == "_put" and path.name != "holding.py") or (called == "_log" and path.parent.name != "staff_group"):
        return None
    return CALLS.get(called)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        named = "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
        yield from SPELT_OUT.get(named, [named])
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def written() -> set[str]:
    return {act for folder in ("bot", "storage") for path in (ROOT / folder).rglob("*.py") for act in acts_of(path)}


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_act_that_is_written_down_has_its_words(language: str) -> None:
    found = written() | {"view", *retention.ACTS.values()}
    assert {"case.move", "sitting.vote", "appointment.offer", "form.forged", "document.sent", "data.export"} <= found
    assert sorted(act for act in found if f"audit.act.{act}" not in desk_wording(language)) == []
    kinds = {"audit", "search", "inbox", "figures", "policy", "document", "sitting", "staff", "case", "conversation"}
    assert sorted(kind for kind in kinds if f"audit.of.{kind}" not in desk_wording(language)) == []


def test_whoever_acts_has_words_too() -> None:
    """staff:<id> has a name; everybody else is one of these."""
    for language in ("ar", "en"):
        for who in (*NOT_STAFF, "beneficiary"):
            assert f"audit.who.{who}" in desk_wording(language)

"""A supervisory visit is a record of its own: kept, followed up, and evidence of its clause."""

from storage.schema_surveys import visits
from tests.desk.house import Browser, House

VISIT = {
    "office": "مكتب الروضة",
    "branch": "الرياض",
    "day": "2026-01-11",
    "findings": "الانتظار طويل",
    "actions": "شباك ثانٍ",
}


def recorded(worker: Browser, **other: str) -> str:
    """Its page."""
    answer = worker.post("/visits", **VISIT | other)
    assert answer.status_code == 200, answer.text
    return str(answer.url).partition("/desk/harif")[2].partition("?")[0]


def test_a_visit_is_recorded_listed_and_followed_up_once(house: House) -> None:
    manager = house.worker("management")
    path = recorded(manager)
    page = manager.text(path)
    assert "مكتب الروضة" in page and "الانتظار طويل" in page and "لم تُتابع بعد" in page
    assert "مكتب الروضة" in manager.text("/visits")
    assert "تمّت متابعتها" in manager.post(f"{path}/followed").text
    assert manager.post(f"{path}/followed").status_code == 409
    acts = [act for who, act, *_ in house.acts() if who == manager.who]
    assert [act for act in acts if act.startswith("visit.")] == ["visit.add", "visit.followed"]


def test_management_records_the_auditor_reads_and_others_do_neither(house: House) -> None:
    path = recorded(house.worker("management"))
    auditor, officer = house.worker("auditor"), house.worker("relations_officer")
    assert auditor.get(path).status_code == 200
    assert auditor.post("/visits", **VISIT).status_code == 403
    assert officer.get("/visits").status_code == 403
    assert house.worker("management", association="ruhama").get(path).status_code == 404


def test_what_is_missing_is_asked_for_with_everything_else_kept(house: House) -> None:
    manager = house.worker("management")
    for wrong in ({"office": ""}, {"findings": " "}, {"day": "أمس"}, {"day": "2199-01-01"}):
        answer = manager.post("/visits", **VISIT | wrong)
        assert answer.status_code == 422 and "شباك ثانٍ" in answer.text
    assert house.line.rows("visits", "id") == []


def test_nothing_of_a_visit_is_in_the_clear(house: House) -> None:
    recorded(house.worker("management"))
    (row,) = house.line.rows("visits", "office", "findings", "actions", "branch")
    assert all(isinstance(sealed, bytes) and "الانتظار".encode() not in sealed for sealed in row[:3])
    assert row[3] == "الرياض", "the branch is a code"
    assert visits.name == "visits"


def test_the_latest_day_stands_first_and_pages_go_on(house: House, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from bot.desk.rooms import visits as room

    monkeypatch.setattr(room, "PAGE", 2)
    manager = house.worker("management")
    for day in ("2026-01-11", "2026-03-01", "2026-02-01"):
        recorded(manager, day=day, office=f"مكتب {day}")
    first = manager.get("/visits").text
    assert first.index("مكتب 2026-03-01") < first.index("مكتب 2026-02-01")
    assert "مكتب 2026-01-11" not in first
    more = first.partition("before=")[2].partition('"')[0]
    assert "مكتب 2026-01-11" in manager.text(f"/visits?before={more}")

"""`wasl case`: an operator shows and moves a case; the person hears of it by a row that serve picks up."""

import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from conversations.association.association import Association
from storage import cases, ids
from storage.ids import new_id
from storage.times import ms
from tests.bot.wasl import SECRET, Wasl


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, associations: Mapping[str, Association]) -> Path:
    """A folder with a database in which one person wrote once."""
    folder = tmp_path_factory.mktemp("cases")
    with pytest.MonkeyPatch.context() as patch:
        Wasl(folder, associations, patch).greet()
    return folder


@pytest.fixture
def wasl(
    template: Path, tmp_path: Path, associations: Mapping[str, Association], monkeypatch: pytest.MonkeyPatch
) -> Wasl:
    shutil.copytree(template, tmp_path / "data")
    return Wasl(tmp_path / "data", associations, monkeypatch)


def conversation(wasl: Wasl) -> int:
    return int(wasl.rows("conversations")[0].id)


def filed(wasl: Wasl, stage: str = "submitted", **more: Any) -> str:
    return wasl.file(stage=stage, beneficiary=new_id(), conversation=conversation(wasl), **more)


def stage(wasl: Wasl) -> str:
    return str(wasl.rows("cases")[0].stage)


def notices(wasl: Wasl) -> list[str]:
    return [row.about for row in wasl.rows("notices")]


def test_a_move_wakes_the_person_and_stands_in_the_audit(wasl: Wasl) -> None:
    reference = filed(wasl, "verifying", completed_at=1)
    said = wasl("case", "move", "harif", reference, "pass_on")
    assert said.code == 0, said.err
    assert said.out.startswith(f"{reference}: verifying → with_committee (pass_on, as ")
    assert "hears of it through serve" in said.out
    assert stage(wasl) == "with_committee"
    assert notices(wasl) == [f"moved:{reference}:1"]
    act = wasl.rows("audit")[0]
    assert (act.who, act.act, act.subject) == ("operator", "case.move", f"case:{wasl.rows('cases')[0].id}")
    assert act.detail.startswith("pass_on:")


def test_a_reference_may_be_typed_as_people_type_it(wasl: Wasl) -> None:
    reference = filed(wasl)
    for typed in (reference.lower(), reference.replace("-", " "), reference.removeprefix("HRF-")):
        assert wasl("case", "show", "harif", typed).out.startswith(f"{reference}: request")


def test_what_is_no_reference_or_nobodys_is_said_kindly(wasl: Wasl) -> None:
    for words in (("show", "harif", "HRF-123"), ("move", "harif", "RHM-22222-22222", "verify")):
        said = wasl("case", *words)
        assert said.code == 1 and "compare it letter by letter" in said.err
    from conversations.cases.reference import new_reference

    nobodys = new_reference(b"nobody's reference", "HRF")
    for words in (("show", "harif", nobodys), ("move", "harif", nobodys, "verify")):
        said = wasl("case", *words)
        assert said.code == 1 and "no case with this reference" in said.err


def test_a_move_that_is_not_possible_changes_nothing_and_says_what_is(wasl: Wasl) -> None:
    reference = filed(wasl)
    said = wasl("case", "move", "harif", reference, "accept")
    assert said.code == 1 and "possible from here: " in said.err and "verify" in said.err
    said = wasl("case", "move", "harif", reference, "verify", "--who", "auditor")
    assert said.code == 1 and "only for " in said.err
    said = wasl("case", "move", "harif", reference, "verify", "--who", "cook")
    assert said.code == 1 and "relations_officer" in said.err
    assert stage(wasl) == "submitted" and not wasl.rows("audit") and not notices(wasl)


def test_a_move_that_needs_words_asks_for_them_and_keeps_them_sealed(wasl: Wasl) -> None:
    reference = filed(wasl, "with_committee")
    said = wasl("case", "move", "harif", reference, "refuse")
    assert said.code == 1 and "give reason" in said.err
    said = wasl("case", "move", "harif", reference, "refuse", "reason")
    assert said.code == 1 and "name=words" in said.err
    said = wasl("case", "move", "harif", reference, "refuse", f"reason={SECRET}", "help=غيره")
    assert said.code == 0, said.err
    assert SECRET not in said.out
    assert SECRET.encode() not in wasl.database_file.read_bytes()
    shown = wasl("case", "show", "harif", reference)
    assert "with_committee → refused: refuse" in shown.out and SECRET not in shown.out


def test_a_decision_before_its_earliest_day_needs_a_supervisor(wasl: Wasl) -> None:
    later = ms(datetime.now(UTC) + timedelta(days=9))
    reference = filed(wasl, "with_committee", earliest=later)
    said = wasl("case", "move", "harif", reference, "accept")
    assert said.code == 1 and "supervisor" in said.err and stage(wasl) == "with_committee"
    said = wasl("case", "move", "harif", reference, "accept", "--confirmed")
    assert said.code == 0 and stage(wasl) == "accepted"
    assert wasl.rows("audit")[0].detail.endswith(":confirmed")


def test_an_anonymous_case_moves_and_nobody_is_woken(wasl: Wasl) -> None:
    reference = wasl.file("complaint", "received", anonymous=True, conversation=conversation(wasl))
    said = wasl("case", "move", "harif", reference, "acknowledge")
    assert said.code == 0, said.err
    assert "nobody is written to" in said.out and not notices(wasl)


def test_a_restricted_case_is_moved_as_the_protection_officer(wasl: Wasl) -> None:
    reference = wasl.file("complaint", "acknowledged", restricted=True, conversation=conversation(wasl))
    said = wasl("case", "move", "harif", reference, "assess", "severity=high")
    assert said.code == 0, said.err
    assert "as protection_officer" in said.out
    said = wasl("case", "move", "harif", reference, "investigate", "--who", "follow_up_committee")
    assert said.code == 1 and "protection_officer" in said.err


def test_show_says_where_it_stands_and_what_can_be_done_and_no_answers(wasl: Wasl) -> None:
    reference = filed(wasl, "with_committee", service="training", earliest=ms(datetime(2026, 12, 6, tzinfo=UTC)))
    said = wasl("case", "show", "harif", reference)
    assert said.out.splitlines()[0] == f"{reference}: request, training; with_committee"
    assert "earliest 2026-12-06" in said.out
    assert re.search(r"can: refuse \(.*committee.*\) with reason=… help=…", said.out)
    assert SECRET not in said.out


def test_the_days_to_object_run_out(wasl: Wasl, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = filed(wasl, "with_committee")
    with wasl.line() as line:
        refused = cases.Move(
            association="harif",
            reference=reference,
            move="refuse",
            from_stage="with_committee",
            to_stage="refused",
            who="committee",
            at=ms(datetime.now(UTC)),
        )
        assert line.database.write_now(cases.move, line.vault, refused)
    said = wasl("case", "move", "harif", reference, "close")
    assert said.code == 1 and "last day to object" in said.err
    monkeypatch.setattr(ids, "_last", ids._last)  # ids never go back: later tests would draw theirs 17 days ahead
    with time_machine.travel(datetime.now(UTC) + timedelta(days=17)):
        said = wasl("case", "move", "harif", reference, "close")
    assert said.code == 0 and stage(wasl) == "closed", said.err

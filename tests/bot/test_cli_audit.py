"""`wasl audit`: whether the chain of what everybody did is whole, in plain words and by its exit code."""

import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from conversations.association.association import Association
from storage import audit, audit_chain
from storage.audit import Act
from storage.times import DAY, ms
from tests.bot.desk import SUNDAY, Desk
from tests.bot.wasl import Wasl


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, associations: Mapping[str, Association]) -> Path:
    """A folder with a database in which three acts of harif are linked and two wait."""
    folder = tmp_path_factory.mktemp("audit")
    with pytest.MonkeyPatch.context() as patch, Wasl(folder, associations, patch).line() as line:
        now = ms(datetime.now(UTC))
        for count in (3, 2):
            acts = [Act("harif", now - 1, "operator", "case.move", f"case:HRF-{n}") for n in range(count)]
            line.database.write_now(audit.log, acts)
            if count == 3:
                line.database.write_now(audit_chain.link, line.vault, "harif", now)
    return folder


@pytest.fixture
def wasl(
    template: Path, tmp_path: Path, associations: Mapping[str, Association], monkeypatch: pytest.MonkeyPatch
) -> Wasl:
    shutil.copytree(template, tmp_path / "data")
    return Wasl(tmp_path / "data", associations, monkeypatch)


def tamper(wasl: Wasl, statement: str) -> None:
    with wasl.line() as line:
        line.database.write_now(lambda c: c.execute(text(statement)))


def test_a_whole_chain_says_so_with_its_head_and_what_waits(wasl: Wasl) -> None:
    said = wasl("audit", "verify", "harif")
    assert said.code == 0
    assert re.fullmatch(
        r"harif: whole — 3 links verified; head 3:[0-9a-f]{64}\n"
        r"  2 rows wait to be linked, the oldest since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n",
        said.out,
    )


def test_every_association_is_verified_where_none_is_named(wasl: Wasl) -> None:
    said = wasl("audit", "verify")
    assert said.code == 0
    assert len(re.findall(r"^[a-z-]+: nothing is linked yet$", said.out, re.M)) == len(wasl.associations) - 1
    assert wasl("audit", "verify", "nowhere").code == 1
    assert wasl("audit", "verify", "*").out == "*: nothing is linked yet\n"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE audit SET who = 'staff:1' WHERE subject = 'case:HRF-1'", "link 2 "),
        ("DELETE FROM audit WHERE linked_at IS NOT NULL AND subject = 'case:HRF-1'", "the row was taken out"),
        ("DELETE FROM audit_links WHERE number = 2", "before link 3 "),
        ("DELETE FROM meta WHERE key = 'audit chain'", "key is gone"),
    ],
)
def test_a_broken_chain_says_where_and_exits_1(wasl: Wasl, statement: str, words: str) -> None:
    tamper(wasl, statement)
    said = wasl("audit", "verify")
    assert said.code == 1
    assert "harif: BROKEN" in said.out
    assert words in said.out


def test_a_head_that_was_noted_shows_an_end_that_was_cut_off(wasl: Wasl) -> None:
    said = wasl("audit", "head", "harif")
    match = re.fullmatch(r"harif (3:[0-9a-f]{64}) .* UTC\n", said.out)
    assert match is not None
    assert wasl("audit", "verify", "harif", "--noted", match[1]).code == 0
    tamper(wasl, "DELETE FROM audit WHERE linked_at IS NOT NULL AND subject = 'case:HRF-2'")
    tamper(wasl, "DELETE FROM audit_links WHERE number = 3")
    assert wasl("audit", "verify", "harif").code == 0, "by itself a chain cannot know"
    said = wasl("audit", "verify", "harif", "--noted", match[1])
    assert said.code == 1 and "its end was cut off" in said.out


def test_a_head_written_wrongly_is_said(wasl: Wasl) -> None:
    assert "NUMBER:DIGEST" in wasl("audit", "verify", "harif", "--noted", "3:abc").err
    assert "name the association" in wasl("audit", "verify", "--noted", f"3:{'ab' * 32}").err


def test_rows_that_wait_too_long_are_pointed_at(wasl: Wasl) -> None:
    tamper(wasl, f"UPDATE audit SET at = at - {DAY} WHERE linked_at IS NULL")
    said = wasl("audit", "verify", "harif")
    assert said.code == 0 and "too long while the service runs" in said.out


async def test_what_is_done_is_linked_by_the_next_round_and_a_lost_key_alarms_once(desk: Desk) -> None:
    act = Act("harif", ms(SUNDAY), "staff:1", "case.view", "case:HRF-1")
    for _ in range(2):
        desk.do(audit.log, [act])
        await desk.rounds.seconds["audit"][1]()
    assert desk.ask(audit_chain.head, "harif").number == 2
    desk.do(lambda c: c.execute(text("DELETE FROM meta WHERE key = 'audit chain'")))
    desk.do(audit.log, [act])
    for _ in range(2):
        await desk.rounds.seconds["audit"][1]()
    assert desk.ask(audit_chain.tail, "harif").rows == 1
    assert [row.code for row in desk.rows("alarms")] == ["audit_not_linked"]

"""The command line: what each command does, and what it says where it cannot."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from bot.commands.here import words_of
from bot.fold import Arrived
from bot.intake import apart
from bot.settings import as_markdown
from conversations.association.association import Association
from conversations.cases.calendar import RIYADH
from conversations.cases.lifecycle import KINDS
from conversations.events import Text
from conversations.flow import FLOWS
from storage import quarantine
from storage.database import DatabaseAway
from storage.ids import new_id
from storage.messages import Message, insert_all
from storage.times import ms
from tests.bot.wasl import PROFILES, ROOT, SECRET, Wasl, copy_of_profiles, get, serving, wait_for
from tests.ports import free_port


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, associations: Mapping[str, Association]) -> Path:
    """A folder with a migrated database and its keys."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch, Wasl(folder, associations, patch).line():
        pass
    return folder


@pytest.fixture
def wasl(
    template: Path, tmp_path: Path, associations: Mapping[str, Association], monkeypatch: pytest.MonkeyPatch
) -> Wasl:
    shutil.copytree(template, tmp_path / "data")
    return Wasl(tmp_path / "data", associations, monkeypatch)


@pytest.fixture
def nothing_yet(tmp_path: Path, associations: Mapping[str, Association], monkeypatch: pytest.MonkeyPatch) -> Wasl:
    return Wasl(tmp_path / "none", associations, monkeypatch)


# --- the whole -------------------------------------------------------------------------------------------------------


def test_the_real_entry_point_lists_every_command(wasl: Wasl) -> None:
    said = wasl.process("--help")
    assert said.code == 0
    groups = ["outbound", "keys", "events", "case", "staff", "telegram", "twilio"]
    for name in ["serve", "chat", "check", "flows", "migrate", "settings", "bench", "backup", "restored", *groups]:
        assert re.search(rf"\b{name}\b", said.out), name


def test_settings_are_printed_as_they_are_documented(wasl: Wasl) -> None:
    assert wasl("settings").out == as_markdown()


@pytest.mark.parametrize("words", [("outbound", "list"), ("events", "list"), ("case", "show", "harif", "HRF-1")])
def test_wrong_settings_stop_a_command_with_all_of_them(wasl: Wasl, words: tuple[str, ...]) -> None:
    wasl.set(WASL_PORT="many", WASL_PUBLIC_URL="http//x")
    said = wasl(*words)
    assert said.code == 1
    assert "WASL_PORT" in said.err and "WASL_PUBLIC_URL" in said.err


def test_a_setting_nobody_knows_stops_and_the_near_one_is_named(wasl: Wasl) -> None:
    wasl.set(WASL_HARIF_TELEGRAM_TOKN="x")
    said = wasl("outbound", "list")
    assert said.code == 1 and "WASL_HARIF_TELEGRAM_TOKEN" in said.err


def test_the_account_of_an_association_that_another_process_serves_is_no_mistake(wasl: Wasl) -> None:
    wasl.set(WASL_ONLY="harif", WASL_RUHAMA_TELEGRAM_TOKEN=f"123456:{'a' * 35}")
    assert wasl("outbound", "list").code == 0


def test_what_was_asked_for_by_a_wrong_name_is_answered_with_the_right_ones(wasl: Wasl) -> None:
    for words in (("chat", "hareef"), ("case", "show", "hareef", "HRF-1"), ("outbound", "pause", "hareef")):
        said = wasl(*words)
        assert said.code == 1 and "harif" in said.err and "ruhama" in said.err, words


# --- profiles --------------------------------------------------------------------------------------------------------


def test_check_finds_no_mistake_in_our_profiles_and_says_what_is_still_to_be_confirmed(wasl: Wasl) -> None:
    said = wasl("check")
    assert said.code == 0 and "no mistakes" in said.out
    for slug in wasl.associations:
        assert re.search(rf"^{slug} \(", said.out, re.MULTILINE)
    assert 'hotline "' in said.out and "0096651056560" in said.out
    assert max(len(part.splitlines()) for part in said.out.split("\n\n")) < 40


def broken(folder: Path) -> Path:
    """Two profiles, a mistake in each."""
    copy_of_profiles(folder, "harif", "ruhama")
    for slug, right, wrong in (("harif", 'kind = "iban"', 'knid = "iban"'), ("ruhama", "slug =", "slugg =")):
        path = folder / slug / "profile.toml"
        text = path.read_text("utf-8")
        assert right in text
        path.write_text(text.replace(right, wrong, 1), "utf-8")
    return folder


def test_check_prints_every_mistake_with_file_key_and_remedy(wasl: Wasl, tmp_path: Path) -> None:
    said = wasl("check", str(broken(tmp_path / "profiles")))
    assert said.code == 1
    assert re.search(r'harif/profile\.toml: .*unknown key "knid" — did you mean "kind"\?', said.out)
    assert re.search(r'ruhama/profile\.toml: unknown key "slugg" — did you mean "slug"\?', said.out)
    assert "2 mistakes" in said.out


def test_a_broken_profile_stops_serve_with_the_whole_list(wasl: Wasl, tmp_path: Path) -> None:
    wasl.set(WASL_ASSOCIATIONS=str(broken(tmp_path / "profiles")))
    said = wasl.process("serve")
    assert said.code == 1 and "knid" in said.err and "slugg" in said.err and "Traceback" not in said.err


def test_check_takes_one_associations_own_folder(wasl: Wasl, tmp_path: Path) -> None:
    assert wasl("check", str(PROFILES / "harif")).code == 0
    said = wasl("check", str(broken(tmp_path / "profiles") / "harif"))
    assert said.code == 1 and "knid" in said.out and "slugg" not in said.out


def test_check_of_a_folder_without_profiles_is_a_mistake(wasl: Wasl, tmp_path: Path) -> None:
    said = wasl("check", str(tmp_path / "nowhere"))
    assert said.code == 1 and "no association here" in said.out


def test_flows_lists_every_dialogue_and_every_life_of_a_case(wasl: Wasl) -> None:
    said = wasl("flows")
    assert said.code == 0
    for name in FLOWS:
        assert re.search(rf"^{name}[: (]", said.out, re.MULTILINE), name
    for kind in KINDS:
        assert f"case: {kind}" in said.out
    for association in wasl.associations.values():
        for service in association.profile.services:
            assert re.search(rf"^apply: {service.id} \([a-z, -]*{association.slug}", said.out, re.MULTILINE)


def test_flows_are_drawn_as_mermaid(wasl: Wasl) -> None:
    said = wasl("flows", "--mermaid")
    assert said.out.count("stateDiagram-v2") == len(KINDS)
    assert said.out.count("flowchart TD") >= len(FLOWS)
    assert said.out.count("```mermaid\n") == said.out.count("\n```\n") == said.out.count("## ")


# --- the database ----------------------------------------------------------------------------------------------------


def test_migrate_makes_a_database_and_does_nothing_the_second_time(nothing_yet: Wasl) -> None:
    for _ in range(2):
        said = nothing_yet("migrate")
        assert said.code == 0 and "up to date" in said.out
    assert nothing_yet.database_file.exists()


@pytest.mark.parametrize("words", [("serve",), ("migrate",)])
def test_a_folder_that_cannot_be_made_is_said_with_its_setting(
    wasl: Wasl, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("")
    wasl.set(WASL_DATA=str(tmp_path / "file" / "data"))
    said = wasl.process(*words)
    assert said.code == 1 and "Traceback" not in said.err and "WASL_DATA" in said.err and "file/data" in said.err


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("SQLITE_CANTOPEN", "may this user write in the folder WASL_DATA?"),
        ("SQLITE_READONLY_DBMOVED", "may this user write in the folder WASL_DATA?"),
        ("SQLITE_FULL", "the disk is full"),
        ("the database is away (no connection)", "WASL_DATABASE_URL"),
    ],
)
def test_what_the_database_says_comes_with_its_remedy(code: str, remedy: str) -> None:
    assert words_of(DatabaseAway(code)).startswith(code) and remedy in words_of(DatabaseAway(code))


@pytest.mark.parametrize("words", [("outbound", "list"), ("events", "list"), ("keys", "rotate"), ("keys", "reindex")])
def test_a_command_makes_no_database_and_names_the_remedy(nothing_yet: Wasl, words: tuple[str, ...]) -> None:
    said = nothing_yet(*words)
    assert said.code == 1 and "wasl migrate" in said.err
    assert not nothing_yet.database_file.exists()


def test_a_database_that_is_away_is_said_without_a_traceback(wasl: Wasl) -> None:
    wasl.set(WASL_DATABASE_URL=f"postgresql://nobody:hidden@127.0.0.1:{free_port()}/none")
    for words in (("migrate",), ("outbound", "list")):
        said = wasl(*words)
        assert said.code == 1 and "away" in said.err and "hidden" not in said.err


# --- holding the line ------------------------------------------------------------------------------------------------


def test_the_line_is_held_and_let_go(wasl: Wasl) -> None:
    assert "nothing is paused" in wasl("outbound", "list").out
    assert wasl("outbound", "pause").out == "paused: everything\n"
    assert wasl("outbound", "pause", "harif", "telegram").out == "paused: harif telegram\n"
    assert wasl("outbound", "pause", "whatsapp").out == "paused: whatsapp\n"
    assert wasl("outbound", "list").out.splitlines() == [
        "paused: everything (operator)",
        "paused: whatsapp (operator)",
        "paused: harif telegram (operator)",
    ]
    for words in ((), ("harif", "telegram"), ("whatsapp",)):
        assert wasl("outbound", "resume", *words).out.startswith("resumed: ")
    assert wasl("outbound", "resume").out.startswith("nothing was paused")
    assert "nothing is paused" in wasl("outbound", "list").out


def test_a_channel_that_there_is_not_cannot_be_held(wasl: Wasl) -> None:
    said = wasl("outbound", "pause", "harif", "telegraph")
    assert said.code == 1 and "telegram" in said.err
    assert "nothing is paused" in wasl("outbound", "list").out


def unsent(wasl: Wasl, state: str) -> int:
    """A reply on WhatsApp in this state; its row."""
    conversation, row = wasl.greet(), new_id()
    with wasl.line() as line:
        now = ms(line.intake.clock())
        message = Message(
            *("harif", row, conversation, 900, "whatsapp", "out", "dialogue", "say", now),
            msgspec.msgpack.encode({"text": SECRET}),
            state=state,
        )
        line.database.write_now(insert_all, line.vault, [message])
    return row


def test_what_may_have_arrived_is_listed_by_its_row_and_released_once(wasl: Wasl) -> None:
    row = unsent(wasl, "uncertain")
    listed = wasl("outbound", "list")
    assert f"may have arrived: harif {row} (whatsapp)" in listed.out and SECRET not in listed.out
    assert wasl("outbound", "release", "harif", str(row)).out == "1 back in the queue\n"
    assert next(one for one in wasl.rows("messages") if one.id == row).state == "queued"
    said = wasl("outbound", "release", "harif", str(row))
    assert said.code == 1 and str(row) in said.err


# --- keys ------------------------------------------------------------------------------------------------------------


def test_new_keys_work_and_no_two_are_the_same(wasl: Wasl) -> None:
    sealing, index = (wasl("keys", "new").out.strip() for _ in range(2))
    assert sealing != index
    wasl.set(WASL_DATA=str(wasl.folder / "other"), WASL_KEYS=sealing, WASL_INDEX_KEY=index)
    assert wasl("migrate").code == wasl("outbound", "list").code == 0


def test_keys_are_rotated_and_the_old_one_may_leave(wasl: Wasl) -> None:
    wasl.greet(text=SECRET)
    made = dict(one.split("=", 1) for one in (wasl.folder / "keys.env").read_text().splitlines())
    fresh = wasl("keys", "new").out.strip()
    wasl.set(WASL_KEYS=f"{fresh},{made['WASL_KEYS']}", WASL_INDEX_KEY=made["WASL_INDEX_KEY"])
    said = wasl("keys", "rotate")
    assert said.code == 0 and re.search(r"under the newest key: [1-9]\d* rows, 0 files", said.out)
    wasl.set(WASL_KEYS=fresh)
    assert wasl("outbound", "list").code == 0
    wasl.set(WASL_KEYS=made["WASL_KEYS"])
    assert wasl("outbound", "list").code == 1


def test_indexes_are_made_anew_only_while_nobody_serves(wasl: Wasl) -> None:
    wasl.file()
    with wasl.line() as line:
        line.database.hold_serve_lock()
        said = wasl("keys", "reindex")
        assert said.code == 1 and "serve" in said.err
    fresh = wasl("keys", "new").out.strip()
    made = dict(one.split("=", 1) for one in (wasl.folder / "keys.env").read_text().splitlines())
    wasl.set(WASL_KEYS=made["WASL_KEYS"], WASL_INDEX_KEY=fresh)
    assert wasl("outbound", "list").code == 1
    assert re.fullmatch(r"[1-9]\d* index rows written\n", wasl("keys", "reindex").out)
    assert wasl("outbound", "list").code == 0


# --- events that failed ----------------------------------------------------------------------------------------------


def set_apart(wasl: Wasl, text: str = SECRET, channel: str = "web_chat") -> int:
    event = new_id()
    with wasl.line() as line:
        now = line.intake.clock()
        arrived = Arrived("harif", channel, "cookie-9", Text(id="t", at=now, text=text))
        row = quarantine.Quarantined("harif", event, channel, ms(now), 3, "KeyError")
        line.database.write_now(quarantine.put, line.vault, row, msgspec.msgpack.encode(apart(arrived)))
    return event


def test_an_event_that_was_set_apart_is_listed_without_its_content_and_taken_in_once(wasl: Wasl) -> None:
    event = set_apart(wasl)
    listed = wasl("events", "list")
    assert f"harif {event} web_chat" in listed.out and "KeyError" in listed.out and SECRET not in listed.out
    said = wasl("events", "retry", "harif", str(event))
    assert said.code == 0 and "taken in" in said.out and SECRET not in said.out
    directions = [row.direction for row in wasl.rows("messages")]
    assert directions[0] == "in" and "out" in directions
    assert wasl("events", "list").out == "nothing was set apart\n"
    before = len(wasl.rows("messages"))
    again = wasl("events", "retry", "harif", str(event))
    assert again.code == 1 and "no such event" in again.err
    assert len(wasl.rows("messages")) == before


def test_replies_to_an_event_that_is_tried_again_are_left_to_serve(wasl: Wasl) -> None:
    wasl.set(WASL_HARIF_TELEGRAM_TOKEN=f"123456:{'a' * 35}")
    event = set_apart(wasl, channel="telegram")
    with wasl.line() as line:
        assert ("harif", "telegram") in line.channels
    assert wasl("events", "retry", "harif", str(event)).code == 0
    out = [row for row in wasl.rows("messages") if row.direction == "out"]
    assert out and {row.state for row in out} == {"queued"} and {row.lease_by for row in out} == {None}


def test_an_event_that_fails_again_stays_apart_and_nothing_of_it_is_said(
    wasl: Wasl, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = set_apart(wasl)

    def fails(*_: object) -> None:
        raise LookupError(SECRET)

    with monkeypatch.context() as patch:
        patch.setattr("bot.fold.advance", fails)
        said = wasl("events", "retry", "harif", str(event))
    assert said.code == 1 and "LookupError" in said.err and SECRET not in said.err + said.out
    assert str(event) in wasl("events", "list").out
    assert not wasl.rows("messages")


def test_an_event_of_a_channel_that_is_off_waits_for_its_settings(wasl: Wasl) -> None:
    event = set_apart(wasl, channel="whatsapp")
    said = wasl("events", "retry", "harif", str(event))
    assert said.code == 1 and "whatsapp is off" in said.err
    assert str(event) in wasl("events", "list").out


# --- serving ---------------------------------------------------------------------------------------------------------


def awake_at_any_hour(wasl: Wasl) -> None:
    """News goes whenever the test runs: at night, on a Friday, on a feast."""
    folder = copy_of_profiles(wasl.folder / "awake", "harif")
    profile = folder / "harif" / "profile.toml"
    text = profile.read_text("utf-8")
    today = datetime.now(RIYADH).date()
    feast = "" if "[holidays]" in text else f"[holidays]\nremove = [{today}, {today + timedelta(days=1)}]\n"
    profile.write_text(f'{text}\n[notices]\nfrom = "00:00"\nuntil = "23:59:59"\nfridays = true\n{feast}', "utf-8")
    wasl.set(WASL_ASSOCIATIONS=str(folder))


def test_serve_says_where_it_is_hears_commands_beside_it_and_ends_cleanly(wasl: Wasl) -> None:
    awake_at_any_hour(wasl)
    conversation = wasl.greet()
    reference = wasl.file(beneficiary=new_id(), conversation=conversation)
    before = len(wasl.rows("messages"))
    with serving(wasl) as (url, served):
        assert get(f"{url}/harif/chat") == 200
        moved = wasl("case", "move", "harif", reference, "verify")
        assert moved.code == 0, moved.err
        assert wasl("case", "move", "harif", reference, "return", "items=صورة", "who=الباحث").code == 0
        wait_for(lambda: len(wasl.rows("messages")) > before, served)
        second = wasl.process("serve")
        assert second.code == 1 and "another wasl serve" in second.err
        served.send_signal(signal.SIGTERM)
        out, err = served.communicate(timeout=20)
    assert served.returncode == 0
    assert "ready in" in out and f":{url.rpartition(':')[2]}/harif/chat" in out
    assert "Telegram is off (WASL_HARIF_TELEGRAM_TOKEN is not set)" in out
    assert "Traceback" not in err and SECRET not in out + err


def test_a_port_that_is_taken_is_said_with_its_setting(wasl: Wasl) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wasl.set(WASL_PORT=str(taken.getsockname()[1]))
        said = wasl.process("serve")
    assert said.code == 1 and "WASL_PORT" in said.err and "Traceback" not in said.err and "ready" not in said.out


def test_what_is_rarely_used_is_not_loaded_to_serve(wasl: Wasl) -> None:
    rare = "typst alembic telegram twilio.rest rich jinja2 phonenumbers schwifty holidays hijridate bm25s segno boto3"
    asks = f"""
import sys
from bot.commands.here import associations_here, settings_here
from bot.main import Application, prepare
import bot.cli, uvicorn
settings = settings_here()
uvicorn.Config(Application(prepare(settings, associations_here(settings)))).load()
print([name for name in {rare.split()} if name in sys.modules])
"""
    told = subprocess.run([sys.executable, "-c", asks], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"

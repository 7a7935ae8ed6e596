"""`wasl chat`: the conversation in the terminal, as people play it and as programs read it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.commands.chat import Unclear, take
from bot.commands.looks import look, looks_like
from conversations.association.association import Association
from conversations.cases.lifecycle import moves, stage_after
from conversations.course import course
from conversations.play import Play
from conversations.says import Attachment, Link, Option, Say
from tests.bot.wasl import Wasl
from tests.conversations.robot import go_on, press, step_of, typed

SUNDAY = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 200


@pytest.fixture
def wasl(tmp_path: Path, associations: Mapping[str, Association], monkeypatch: pytest.MonkeyPatch) -> Wasl:
    return Wasl(tmp_path / "none", associations, monkeypatch)


def turns(wasl: Wasl, *lines: str, how: str = "web", association: str = "harif") -> list[dict[str, Any]]:
    said = wasl("chat", association, "--json", "--as", how, stdin="\n".join(lines) + "\n")
    assert said.code == 0, said.err
    return [json.loads(line) for line in said.out.splitlines()]


def text(turn: dict[str, Any]) -> str:
    return "\n".join(say["text"] for say in turn["says"])


def test_nothing_is_said_before_the_first_line_and_the_end_of_input_is_the_end(wasl: Wasl) -> None:
    assert wasl("chat", "harif") == (0, "", "")


def test_the_real_entry_point_plays_lines_that_are_piped_in(wasl: Wasl) -> None:
    said = wasl.process("chat", "harif", stdin="السلام عليكم\n#1\n")
    assert said.code == 0 and said.err == ""
    assert "وعليكم السلام" in said.out and "[طلب خدمة]" in said.out
    assert not wasl.folder.exists(), "a play keeps nothing"


def test_as_json_every_line_is_one_object_with_its_says_flow_step_and_effects(wasl: Wasl) -> None:
    greeting, opened, *_ = turns(wasl, "السلام عليكم", "ابغى اشتكي")
    assert greeting.keys() == {"says", "flow", "step", "effects"}
    assert (greeting["flow"], greeting["step"]) == ("", "")
    assert greeting["says"][-1].keys() == {"text", "choices", "controls", "link", "file"}
    assert all(choice.keys() == {"id", "title", "about"} for choice in greeting["says"][-1]["choices"])
    assert opened["flow"] == "complain" and opened["step"]
    assert all(effect["does"] for effect in opened["effects"])


def test_a_choice_is_pressed_by_its_id_or_by_its_number(wasl: Wasl) -> None:
    first = turns(wasl, "السلام عليكم")[0]["says"][-1]["choices"]
    assert first[0]["id"] == "/apply"
    by_id = turns(wasl, "السلام عليكم", "#/apply")[1]
    by_number = turns(wasl, "السلام عليكم", "#1")[1]
    assert by_id["says"] == by_number["says"] and by_id["says"][-1]["choices"]
    services = [service.id for service in wasl.associations["harif"].profile.services]
    assert turns(wasl, "السلام عليكم", "#1", "#2")[2]["flow"] == "apply"
    assert len(by_id["says"][-1]["choices"]) >= len(services)


def test_a_choice_of_an_older_question_is_pressed_as_such(wasl: Wasl) -> None:
    lines = ("السلام عليكم", "#1", "#2")
    service = turns(wasl, *lines)[1]["says"][-1]["choices"][1]["id"]
    moved_on = turns(wasl, *lines, f"#{service}")
    assert moved_on[3]["says"] and "error" not in moved_on[3]


def test_time_passes_and_what_falls_due_meanwhile_happens(wasl: Wasl) -> None:
    passed = turns(wasl, "ابغى اشتكي", "+2d", "+14h", "+1s")
    assert "محفوظ" in text(passed[1]) + text(passed[2]), "by night it waits for the day"
    assert passed[3]["says"] == []


def test_a_link_opens_what_it_names(wasl: Wasl) -> None:
    assert turns(wasl, "/start complain")[0]["flow"] == "complain"


def test_a_long_script_is_no_flood(wasl: Wasl) -> None:
    assert all("flood" not in json.dumps(turn) for turn in turns(wasl, *["السلام عليكم"] * 60))


def test_a_line_that_means_nothing_here_is_answered_and_the_play_goes_on(wasl: Wasl) -> None:
    played = turns(wasl, "= name: x", "geo:here", "+99999999999w", "! verify", "! a 'b", "السلام عليكم")
    assert [list(turn) for turn in played[:-1]] == [["error"]] * 5
    assert "السلام" in text(played[-1])


def test_bytes_that_are_no_text_end_nothing(wasl: Wasl) -> None:
    said = wasl("chat", "harif", "--json", stdin=b"\xff\xfe\x80\n" + "السلام عليكم\n".encode())
    assert said.code == 0 and len(said.out.splitlines()) == 2


def test_a_channel_that_there_is_not_is_answered_with_those_there_are(wasl: Wasl) -> None:
    said = wasl("chat", "harif", "--as", "fax")
    assert said.code == 1 and "web, telegram, whatsapp" in said.err


# --- files, secure pages, staff --------------------------------------------------------------------------------------


WANTED = {"service": "project-support", "details": "start", "consent": "yes", "who": "self", "agreed_channel": "here"}


def walked(association: Association, channel: str, to: str) -> Play:
    """A person in the middle of a request, before a question of this kind."""
    one = Play(association, channel, now=SUNDAY)
    one.line("السلام عليكم")
    one.line("طلب خدمة")
    for _ in range(60):
        step = step_of(one)
        assert step is not None
        if (to == "form" and one.forms) or (step.answer is not None and step.answer.kind == to):
            return one
        if step.id in WANTED:
            press(one, WANTED[step.id])
        else:
            go_on(one)
    raise AssertionError(f"never asked for {to}")


def test_a_real_file_is_taken_for_what_its_bytes_are(associations: Mapping[str, Association], tmp_path: Path) -> None:
    photo, program = tmp_path / "photo.exe", tmp_path / "paper.pdf"
    photo.write_bytes(JPEG)
    program.write_bytes(b"MZ\x90\0" * 50)
    one = walked(associations["harif"], "telegram", "document")
    step = step_of(one)
    assert step is not None
    take(one, f"@{program}", 1000)
    assert step.id not in one.conversation.open.answers  # type: ignore[union-attr]
    take(one, f"@{photo}", 100)
    assert step.id not in one.conversation.open.answers, "too big"  # type: ignore[union-attr]
    take(one, f"@{photo}", 1000)
    take(one, "#done", 1000)
    assert step.id in one.conversation.open.answers  # type: ignore[union-attr]


def test_a_file_that_is_not_there_is_played_by_its_name(associations: Mapping[str, Association]) -> None:
    one = Play(associations["harif"], "telegram", now=SUNDAY)
    taken = take(one, "@voice", 1000)
    assert taken.says


def test_the_secure_page_is_filled_in_a_line(associations: Mapping[str, Association]) -> None:
    one = walked(associations["harif"], "whatsapp", "form")
    draft, asked = one.conversation.open, one.forms[-1].steps
    assert draft is not None
    by_id = course(one.association, draft.flow, draft.subject).by_id
    fields = " | ".join(f"{step}: {typed(by_id[step])}" for step in asked)
    take(one, f"= {fields}", 1000)
    assert not set(asked) - set(one.conversation.open.answers)  # type: ignore[union-attr]
    with pytest.raises(Unclear):
        take(one, "= nothing: 1", 1000)


def test_staff_move_the_newest_case(associations: Mapping[str, Association]) -> None:
    one = Play(associations["harif"], "web_chat", now=SUNDAY)
    one.line("السلام عليكم")
    one.line("عندي اقتراح")
    for _ in range(20):
        if not one.cases:
            go_on(one)
    with pytest.raises(Unclear, match="fly"):
        take(one, "! fly", 1000)
    (stage,) = one.stages.values()
    move = next(move for move in moves("suggestion", stage) if not move.guard and stage_after(move, stage) != stage)
    take(one, " ".join(["!", move.name, *(f'{need}="كلام وكلام"' for need in move.needs)]), 1000)
    assert list(one.stages.values()) == [move.to]


# --- looks -----------------------------------------------------------------------------------------------------------

TWO = (Option("yes", "نعم"), Option("no", "لا"))
MANY = tuple(Option(f"o{number}", f"خيار {number}") for number in range(12))
DESCRIBED = (Option("a", "أول", "شرح الأول"), Option("b", "ثان", "شرح الثاني"))
BACK = (Option("/back", "رجوع"),)
LINK = Link("الصفحة الآمنة", "https://wasl.example/form/x", private=True)


def drawn(associations: Mapping[str, Association], channel: str, say: Say) -> str:
    return "\n--\n".join(looks_like(say, look(channel), associations["harif"]))


@pytest.mark.parametrize(
    ("channel", "options", "seen", "unseen"),
    [
        ("telegram", TWO, ["[نعم] [لا]", "[رجوع]"], []),
        ("telegram", MANY, ["[خيار 0]\n[خيار 1]", "[خيار 11]"], ["12."]),
        ("telegram", DESCRIBED, ["• أول: شرح الأول", "[أول] [ثان]"], []),
        ("whatsapp", TWO, ["[نعم]\n[لا]"], ["رجوع"]),
        ("whatsapp", MANY, ["1. خيار 0", "12. خيار 11"], ["[خيار", "رجوع"]),
        ("whatsapp", DESCRIBED, ["[≡ اختاروا من هنا]", "▸ أول — شرح الأول"], ["[أول]"]),
        ("web", TWO, ["[نعم] [لا]", "(رجوع)"], []),
        ("web", DESCRIBED, ["▸ أول — شرح الأول"], ["[أول]"]),
    ],
)
def test_choices_look_as_the_channel_shows_them(
    associations: Mapping[str, Association],
    channel: str,
    options: tuple[Option, ...],
    seen: list[str],
    unseen: list[str],
) -> None:
    shown = drawn(associations, channel, Say(text="ما الجواب؟", options=options, controls=BACK, prompt=3))
    assert shown.startswith("ما الجواب؟")
    for part in seen:
        assert part in shown, shown
    for part in unseen:
        assert part not in shown, shown


def test_a_link_is_a_button_or_stands_in_the_text(associations: Mapping[str, Association]) -> None:
    say = Say(text="افتحوا", link=LINK)
    assert f"[{LINK.title}] → {LINK.url}" in drawn(associations, "telegram", say)
    assert f"[{LINK.title}] → {LINK.url}" in drawn(associations, "web", say)
    assert f"{LINK.title}: {LINK.url}" in drawn(associations, "whatsapp", say)


def test_a_file_is_named_and_a_number_is_shared_by_a_button(
    associations: Mapping[str, Association],
) -> None:
    file = Say(text="الإيصال", file=Attachment("receipt:HRF-1", "receipt.pdf"))
    for channel in ("telegram", "web", "whatsapp"):
        assert "📎 receipt.pdf" in drawn(associations, channel, file)
    assert "[شاركونا رقم جوالكم]" in drawn(associations, "telegram", Say(text="رقمكم؟", wants="contact"))


def test_a_text_too_long_for_one_message_is_several(associations: Mapping[str, Association]) -> None:
    assert len(looks_like(Say(text="كلمة " * 700), look("whatsapp"), associations["harif"])) == 3

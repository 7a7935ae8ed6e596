"""The templates of WhatsApp as Meta wants them, in both languages, and what may stand in their places."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conversations.choices import CHOSEN
from conversations.commands import COMMANDS
from conversations.conversation import Address, Conversation
from conversations.engine import Turn, advance
from conversations.events import AppointmentChanged, CaseMoved, CaseUpdate, Event, Joined, Press
from conversations.flows import track
from conversations.says import Say
from conversations.templates import KINDS, LONGEST, body, button, fits, places, samples
from conversations.wording import LANGUAGES, house_wording
from conversations.world import Traits, World
from tests.conversations.robot import associations

EACH = [(kind, language) for kind in KINDS for language in LANGUAGES]


@pytest.mark.parametrize(("kind", "language"), EACH)
def test_a_template_is_what_meta_takes(kind: str, language: str) -> None:
    said = body(kind, house_wording(language))
    numbers = re.findall(r"\{\{(\d+)\}\}", said)
    assert [int(one) for one in dict.fromkeys(numbers)] == list(range(1, len(KINDS[kind].values) + 1)), "in order, each"
    assert not re.search(r"^\W*\{\{|\}\}\W*$", said), "none begins or ends with a place"
    assert not re.search(r"\}\}\W{0,1}\{\{", said), "two places never touch"
    assert len(re.sub(r"\{\{\d\}\}", "", said).split()) >= 3 * len(numbers), "more words than places"
    assert len(said) <= LONGEST // 2 and "{short}" not in said and not re.search(r"\n\n|\t|  ", said)


@pytest.mark.parametrize(("kind", "language"), EACH)
def test_meta_sees_every_place_filled(kind: str, language: str) -> None:
    assert fits(kind, samples(kind, house_wording(language), "حارف"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_button_leads_to_something_that_is_there(kind: str) -> None:
    sent = button(kind)
    if not sent:
        return
    question, _, option = sent.partition(":")
    assert question == "0" and len(option) <= 40
    assert option[1:] in COMMANDS if option.startswith("/") else option.partition(":")[0] in CHOSEN
    assert {*re.findall(r"\d(?=\}\})", option)} <= {str(n) for n in range(1, len(KINDS[kind].named) + 1)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_button_says_so_in_what_every_phone_shows(language: str) -> None:
    words = house_wording(language)
    assert 0 < len(words("option.open_news")) <= 20
    for kind in KINDS:
        said = body(kind, words)
        assert bool(re.search("الزر|button", said)) <= bool(button(kind)), f"{kind} speaks of a button it has not"


def test_what_nobody_asked_for_counts_as_advertising_and_names_the_way_out() -> None:
    unasked = [kind for kind, known in KINDS.items() if known.category == "marketing"]
    assert unasked == ["services_fit", "opinions_heard", "survey_invitation"]
    for kind in unasked:
        assert "إيقاف" in body(kind, house_wording("ar")) and "stop" in body(kind, house_wording("en"))


@pytest.mark.parametrize(
    ("kind", "pressed"),
    [("survey_invitation", "0:survey:17:yes"), ("information_changed", "0:told:17"), ("services_fit", "0:told:17")],
)
def test_a_button_names_the_wave_it_belongs_to(kind: str, pressed: str) -> None:
    """The wave is a place that the button alone has: nobody reads it."""
    assert "{{2}}" not in body(kind, house_wording("ar"))
    values = places(kind, short="حارف", wave="17")
    assert fits(kind, values)
    sent = button(kind)
    for number, value in values.items():
        sent = sent.replace("{{" + number + "}}", value)
    assert sent == pressed


def test_values_are_given_by_name_and_carried_by_number() -> None:
    assert places("news", short="حارف", reference="HRF-1") == {"1": "حارف", "2": "HRF-1"}
    with pytest.raises(KeyError):
        places("news", short="حارف")


@pytest.mark.parametrize(
    ("values", "good"),
    [
        ({"1": "حارف", "2": "HRF-1"}, True),
        ({"1": "حارف", "2": "سطر ونصف، وفيه :؛ كل شيء"}, True),
        ({"1": "حارف"}, False),
        ({}, False),
        ({"1": "حارف", "2": "HRF-1", "3": "x"}, False),
        ({"1": "حارف", "3": "HRF-1"}, False),
        ({"1": "حارف", "2": ""}, False),
        ({"1": "حارف", "2": "\u200f "}, False),
        ({"1": "حارف", "2": "سطر\nوسطر"}, False),
        ({"1": "حارف", "2": "سطر\r"}, False),
        ({"1": "حارف", "2": "س" * 600}, False),
    ],
)
def test_what_meta_would_refuse_is_refused_here(values: dict[str, str], good: bool) -> None:
    assert fits("news", values) is good


def test_a_kind_that_nobody_declared_has_no_template() -> None:
    assert not fits("greetings", {"1": "x"})


@pytest.mark.parametrize(
    ("kinds", "given"),
    [
        (("news", "promise_near", "promise_missed"), ("حارف", "HRF-7K2MP-4TWX6")),
        (("reply_waiting", "appointment", "appointment_reminder"), ("حارف",)),
    ],
)
def test_what_the_dialogue_gives_is_what_its_templates_take(kinds: tuple[str, ...], given: tuple[str, ...]) -> None:
    for kind in kinds:
        assert fits(kind, {str(number): value for number, value in enumerate(given, 1)}), kind


# --- what goes outside of the window ---------------------------------------------------------------------------------

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
HARIF = next(one for one in associations() if one.slug == "harif")
REFERENCE = "HRF-7K2MP-4TWX6"
CASE = {"reference": REFERENCE, "kind": "request", "stage": "with_committee", "opened_at": NOW - timedelta(days=9)}


def told(event: Event, approved: frozenset[str], **more: Any) -> Turn:
    """To somebody who wrote two days ago."""
    talk = Conversation(
        association="harif", address=Address("whatsapp", "+966500000007"), id=1, language="ar", greeted=True,
        last_at=NOW - timedelta(days=2), **more,
    )  # fmt: skip
    world = World(
        association=HARIF, now=NOW, seed=b"0" * 16, traits=Traits(name="whatsapp", window_hours=24), templates=approved
    )
    return advance(talk, event, world)


def said(event: Event, approved: frozenset[str], **more: Any) -> list[Say]:
    return [say for say in told(event, approved, **more).says if say.lane == "notice"]


def update(why: str, **details: str) -> Event:
    return CaseUpdate(id="u", at=NOW, case=CASE, why=why, reason="سبب", details=details)  # type: ignore[arg-type]


def appointment(change: str) -> Event:
    starts = NOW + timedelta(days=1)
    return AppointmentChanged(
        id="a", at=NOW, appointment="1", change=change, kind="interview", state="agreed", starts=starts,
        reference=REFERENCE,
    )  # fmt: skip


MOVED = CaseMoved(
    id="m", at=NOW, reference=REFERENCE, kind="request", from_stage="submitted", stage="verifying", move="verify",
    who="relations_officer", latest=NOW + timedelta(days=5),
)  # fmt: skip
OWN: dict[str, Event] = {
    "moved": MOVED,
    "returned": update("returned"),
    "promise_near": update("promise_near"),
    "promise_missed": update("promise_missed"),
    "entitlement_due": update("entitlement_due", what="support"),
    "document_expiring": update("document_expiring", paper="family_card", day="2026-12-22"),
    "appointment": appointment("confirm"),
    "appointment_reminder": appointment("remind"),
}


@pytest.mark.parametrize("kind", OWN)
def test_each_kind_goes_as_its_own_template_else_as_news(kind: str) -> None:
    (say,) = said(OWN[kind], frozenset(KINDS))
    assert say.template == kind and fits(kind, say.values)
    (say,) = said(OWN[kind], frozenset({"news"}))
    assert say.template == "news" and fits("news", say.values) and say.values["2"] == REFERENCE
    assert all(say.template for say in said(OWN[kind], frozenset())), "which is on record as the reason"


@pytest.mark.parametrize("kind", OWN)
def test_a_number_that_may_be_anothers_by_now_hears_no_more_than_that_there_is_news(kind: str) -> None:
    for say in said(OWN[kind], frozenset(KINDS), proof_needed=True):
        assert say.template == "news"


# --- several things at once ------------------------------------------------------------------------------------------

OTHER = "HRF-8K2MP-4TWX6"
EXPIRING = OWN["document_expiring"]


def changed(event: Event, **fields: Any) -> Any:
    return type(event)(**{name: getattr(event, name) for name in event.__struct_fields__} | fields)


ELSEWHERE = changed(OWN["promise_near"], case=CASE | {"reference": OTHER})


def together(*events: Event, approved: frozenset[str] = frozenset(KINDS)) -> tuple[Conversation, list[Say]]:
    turn = told(Joined(id="j", at=NOW, events=events), approved)  # type: ignore[arg-type]
    return turn.conversation, [say for say in turn.says if say.lane == "notice"]


def opened(talk: Conversation, option: str) -> str:
    """What a press of the button shows."""
    press = Press(id="p", at=NOW, option=option)
    views = [track.view_of(CASE), track.view_of(CASE | {"reference": OTHER})]
    world = World(association=HARIF, now=NOW, seed=b"0" * 16, traits=Traits(name="whatsapp"), cases=tuple(views))
    return "\n".join(say.text for say in advance(talk, press, world).says)


def test_of_a_case_alone_one_template_says_that_there_is_news_and_all_of_it_is_behind_its_button() -> None:
    talk, (say,) = together(MOVED, changed(MOVED, id="m2"), EXPIRING, OWN["promise_missed"])
    assert say.template == "news" and fits("news", say.values) and say.values["2"] == REFERENCE
    shown = opened(talk, f"track:{REFERENCE}")
    assert "ديسمبر" in shown and "سبب" in shown and "مراجعة" in shown
    assert HARIF.wording["ar"]("track.news_waiting") not in shown


def test_of_several_cases_one_template_says_so_and_leads_to_them_all() -> None:
    talk, (say,) = together(MOVED, ELSEWHERE)
    assert say.template == "several" and fits("several", say.values)
    assert button("several") == "0:/track" and {REFERENCE, OTHER} == set(talk.news)
    shown = opened(talk, "/track")
    assert shown.count(HARIF.wording["ar"]("track.news_waiting")) == 2
    talk, (say,) = together(MOVED, ELSEWHERE, approved=frozenset({"news"}))
    assert say.template == "news" and say.values["2"] == OTHER, "the next best"


def test_an_hour_that_was_agreed_on_stays_a_message_of_its_own() -> None:
    _, says = together(MOVED, EXPIRING, OWN["appointment"])
    assert [say.template for say in says] == ["news", "appointment"]
    assert all(fits(say.template, say.values) for say in says)


def test_one_thing_alone_goes_as_its_own_template_still() -> None:
    _, (say,) = together(EXPIRING)
    assert say.template == "document_expiring"
    _, (say,) = together(OWN["promise_near"], changed(OWN["promise_near"], id="again"))
    assert say.template == "promise_near"


def test_to_who_may_not_be_told_nothing_waits() -> None:
    turn = told(Joined(id="j", at=NOW, events=(MOVED, EXPIRING)), frozenset(KINDS), muted=True)  # type: ignore[arg-type]
    assert not turn.says and not turn.conversation.news

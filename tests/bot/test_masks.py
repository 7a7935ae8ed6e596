"""However a secret is typed, the transcript keeps its end alone: mistyped, out of place, in a flood, in a caption."""

import re
from collections.abc import Callable

import pytest

from conversations.arabic.normalise import ascii_digits
from conversations.course import course
from conversations.events import Media, Text
from tests.bot.desk import Desk, Paper, Person

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""Both databases are tried by the tests of what is stored."""

IDENTITY, IBAN = "1012345672", "SA0380000000608010167519"
_MANY_DIGITS = re.compile(r"[0-9](?:\D{0,2}[0-9]){6,}")


@pytest.fixture
def visitor(make_desk: Callable[..., Desk]) -> Person:
    return Person(make_desk((Paper("harif", "web_chat"),)), "a-visitor", "web_chat")


async def _asked_for(person: Person, kind: str) -> None:
    """Up to the question of this kind, where secrets are asked in the chat."""
    await person.say("السلام عليكم")
    await person.press("/apply")
    for _ in range(30):
        draft = person.where.open
        assert draft is not None
        step = course(person.desk.associations["harif"], draft.flow, draft.subject).by_id[draft.step]
        if step.answer is not None and step.answer.kind == kind:
            return
        await person.go_on(service="project-support")
    raise AssertionError(f"{kind} is never asked")


def _typed(person: Person) -> list[str]:
    return [
        ascii_digits(event.text)
        for event in person.desk.heard(person.handle, person.channel)
        if isinstance(event, Text)
    ]


@pytest.mark.parametrize("kind", ["saudi_id", "iban"])
@pytest.mark.parametrize(
    "typed",
    [
        "1012345673",
        "١٠١٢٣٤٥٦٧٣",
        IDENTITY,
        f"هويتي {IDENTITY}",
        f"ID{IDENTITY}",
        "1.012.345.672",
        IBAN,
        f"{IBAN[:-1]}8",
    ],
)
async def test_whatever_number_is_typed_where_a_secret_is_asked_for_is_kept_masked(
    visitor: Person, kind: str, typed: str
) -> None:
    await _asked_for(visitor, kind)
    before = len(_typed(visitor))
    await visitor.say(typed)
    (kept,) = _typed(visitor)[before:]
    assert not _MANY_DIGITS.search(kept)
    assert re.search(r"[0-9]{3}", kept), "its end is kept"
    for said in visitor.told:
        assert not re.search(r"1012345672|608010167519", ascii_digits(said))


async def test_a_secret_in_a_flood_is_masked_though_it_is_taken_in_later(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    limit = desk.associations["harif"].profile.limits.flood_per_minute
    await noura.send(*(noura.text(f"سطر {number}") for number in range(limit + 1)))
    one = noura.text(f"هويتي {IDENTITY}")
    await noura.send(one)
    assert ("7001", one.provider_id) in paper.deleted
    await desk.later(seconds=90)
    await desk.later(seconds=90)
    assert not any(IDENTITY in text for text in _typed(noura))
    assert _typed(noura)[-1] == "هويتي ••••5672"


async def test_a_secret_in_a_caption_is_masked_and_the_picture_stays(desk: Desk, noura: Person, paper: Paper) -> None:
    await noura.say("السلام عليكم")
    picture = Media(id="m", at=desk.now, file="theirs", kind="photo", caption=f"هويتي {IDENTITY}")
    await noura.send(noura.incoming(picture, source="file-1"))
    assert [event.caption for event in desk.heard("7001") if isinstance(event, Media)] == ["هويتي ••••5672"]
    assert paper.deleted == []

"""The engine alone: turns a second on one core, the conversation encoded and decoded between any two turns.

With the five services of a profile, and with fifty: what a profile holds must not slow a turn down.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from bot.bench.dialogue import ASSOCIATIONS, LINES, SLUG
from conversations.association.association import Association
from conversations.association.load import load_association
from conversations.association.profile import Words
from conversations.conversation import Address, Conversation, decode, encode
from conversations.engine import advance
from conversations.events import Event, Text
from conversations.world import Traits, World

MANY = 50
ROUNDS = 5
NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
TELEGRAM = Traits(name="telegram", deletes=True)


def with_services(association: Association, count: int) -> Association:
    """The same association with more services: copies under other names, with the same questions."""
    own = association.profile.services
    copies = []
    for number in range(count - len(own)):
        service = own[number % len(own)]
        title = Words(ar=f"{service.title.ar} {number}", en=f"{service.title.en} {number}")
        copies.append(service.model_copy(update={"id": f"{service.id}-{number}", "title": title, "words": ()}))
    return replace(association, profile=association.profile.model_copy(update={"services": (*own, *copies)}))


def events() -> list[Event]:
    return [Text(id=str(number), at=NOW + timedelta(seconds=number), text=line) for number, line in enumerate(LINES)]


def walk(association: Association, said: list[Event]) -> Conversation:
    """One whole dialogue. Raises AssertionError where a message gets no reply, or more than one."""
    blob = encode(Conversation(association=SLUG, address=Address("telegram", "1"), id=1))
    for event in said:
        world = World(
            association=association,
            now=event.at,
            seed=b"0123456789abcdef",
            traits=TELEGRAM,
            public_url="https://b.example",
        )
        turn = advance(decode(blob), event, world)
        assert len(turn.says) == 1
        blob = encode(turn.conversation)
    return decode(blob)


def check(association: Association, said: list[Event]) -> None:
    """That the dialogue is the one that is meant. Raises AssertionError."""
    draft = walk(association, said).open
    assert draft is not None, "the dialogue is no request any more"
    said_and_heard = (draft.subject, len(draft.answers))
    assert said_and_heard == ("training", len(said) - 1), "a question came, went or moved: put LINES right"


def rate(association: Association, said: list[Event], seconds: float) -> float:
    """Turns a second of CPU."""
    turns, began, until = 0, time.process_time(), time.perf_counter() + seconds
    while time.perf_counter() < until:
        walk(association, said)
        turns += len(said)
    return turns / (time.process_time() - began)


def rounds(associations: list[Association], said: list[Event], seconds: float) -> Iterator[list[float]]:
    """Interleaved, so that a busy moment of the machine hurts all alike."""
    for _ in range(ROUNDS):
        yield [rate(association, said, seconds / ROUNDS) for association in associations]


def run(seconds: float = 5.0) -> dict[str, Any]:
    few = load_association(ASSOCIATIONS / SLUG)
    many = with_services(few, MANY)
    said = events()
    for association in (few, many):
        check(association, said)
        walk(association, said)
    measured = list(zip(*rounds([few, many], said, seconds), strict=True))
    with_few, with_many = (median(each) for each in measured)
    print("engine: a request of twelve answers, encoded and decoded between turns")
    for count, turns in ((len(few.profile.services), with_few), (MANY, with_many)):
        print(f"  {count:3} services  {turns:8,.0f} turns/s  {1e6 / turns:6.1f} µs a turn")
    print(f"  ratio {with_many / with_few:.2f}")
    return {"few": with_few, "many": with_many, "ratio": with_many / with_few}


if __name__ == "__main__":
    run()

"""Waves of surveys and what was answered in them, as the tests of their rooms need them."""

from typing import Any

from conversations.surveys.scoring import Scored
from storage import surveys, waves
from storage.ids import new_id
from storage.surveys import Response
from storage.times import DAY, ms
from storage.waves import Recipient, Wave
from tests.desk.house import House

EPOCH_DAY = 20_000


def wave_of(house: House, survey: str = "decided", *, anonymous: bool = False, days: int = 0, **more: Any) -> Wave:
    """A wave that began `days` ago; open for a fortnight."""
    now = ms(house.now) - days * DAY
    given = {"period": f"{new_id()}", "state": waves.RUNNING, "at": now, "starts": now, "ends": now + 14 * DAY, **more}
    wave = Wave("harif", new_id(), "survey", survey, anonymous=anonymous, **given)
    house.do(waves.add, house.vault, wave)
    return wave


def answer(
    house: House, wave: Wave, scores: dict[str, int], words: str = "", conversation: int = 0, **sides: Any
) -> Response:
    """One response; by name where a conversation is given."""

    def do(connection: Any) -> Response:
        id = new_id() if conversation else surveys.random_id()
        response = Response("harif", id, wave.id, wave.survey, "1", EPOCH_DAY, **sides)
        surveys.begin(connection, response)
        given = {name: Scored(score, counted=(str(score),)) for name, score in scores.items()}
        given |= {"words": Scored(words=words, counted=("words",))} if words else {}
        surveys.answer(connection, house.vault, response, given)
        surveys.finish(connection, response)
        if conversation:
            from storage import people

            whose = people.person_of(connection, "harif", conversation)
            one = Recipient("harif", wave.id, conversation, whose, channel="telegram", state=waves.FINISHED,
                            at=ms(house.now), response=id)  # fmt: skip
            waves.add_recipients(connection, [one])
        return response

    made: Response = house.do(do)
    return made


def answers(house: House, wave: Wave, question: str, scores: list[int]) -> None:
    for score in scores:
        answer(house, wave, {question: score})

"""Once a wave is over management hears what it found: once, in numbers alone."""

from typing import Any

import pytest

from bot.digest import Digest
from storage import improvements, waves
from storage.ids import new_id
from storage.improvements import Improvement, Published
from storage.times import ms
from storage.waves import Recipient, Wave
from tests.desk.asked import answer, answers, wave_of
from tests.desk.house import House
from tests.desk.test_reminders import Relay, bound, read_by, relay  # noqa: F401

SECRET = "الموظف خالد تأخر علينا"


def digest(house: House, mail: Any = None) -> Digest:
    return Digest(house.database, house.line.intake, house.associations, house.papers, mail, "https://wasl.example")


def asked(house: House, wave: Wave, number: int) -> None:
    invited = [Recipient("harif", wave.id, new_id(), state=waves.INVITED, at=wave.starts) for _ in range(number)]
    house.do(waves.add_recipients, invited)


@pytest.fixture
def readers(house: House) -> House:
    """Management at 91, the auditor at 92, an officer at 93; the office is open."""
    for user, role in enumerate(("management", "auditor", "relations_officer"), 91):
        bound(house, house.worker(role), user)
    return house


def test_management_hears_of_a_wave_that_is_over_once_whoever_looks(readers: House) -> None:
    house = readers
    before, wave = wave_of(house, days=60), wave_of(house, days=15)
    answers(house, before, "overall", [5, 1, 1, 1, 1])
    answers(house, wave, "overall", [5, 5, 5, 5, 1])
    answer(house, wave, {"overall": 5}, SECRET)
    asked(house, wave, 12)
    for _ in range(2):
        house.run(digest(house).send())
    (told,) = read_by(house, 91)
    assert "عدد من سُئلوا: ١٢، ومن أجابوا: ٦ (٥٠٪" in told
    assert "الراضون: ٨٣٪ ▲ تحسّن، وكانوا ٢٠٪" in told
    assert f"https://wasl.example/desk/harif/results/{wave.id}" in told
    assert SECRET not in told
    assert read_by(house, 92) == [] and read_by(house, 93) == []


def test_what_was_improved_is_counted_and_only_what_is_public_is_named(readers: House) -> None:
    house = readers
    before, wave = wave_of(house, days=60), wave_of(house, days=15)
    answers(house, before, "overall", [5] * 5)
    answers(house, wave, "overall", [5] * 5)
    asked(house, wave, 5)

    def improved(**more: Any) -> None:
        one = Improvement("harif", new_id(), "done", title=SECRET, action=SECRET, by=1, at=before.starts,
                          done_at=ms(house.now) - 1, **more)  # fmt: skip
        house.do(improvements.add, house.vault, one)

    improved()
    improved(published_at=ms(house.now))
    id = house.ask(improvements.listed, house.vault, "harif", ["done"])[0].id
    one = house.ask(improvements.get, house.vault, "harif", id)
    house.do(
        lambda c: improvements.change(c, house.vault, one, published={"ar": Published("طال الانتظار", "زدنا موظفًا")})
    )
    house.run(digest(house).send())
    (told,) = read_by(house, 91)
    assert "تمّ تحسينان" in told and "• زدنا موظفًا" in told and SECRET not in told


def test_too_few_answers_are_said_to_be_too_few(readers: House) -> None:
    house = readers
    wave = wave_of(house, days=15)
    answers(house, wave, "overall", [1, 5, 5, 5])
    asked(house, wave, 20)
    house.run(digest(house).send())
    (told,) = read_by(house, 91)
    assert "لم يُجب منهم عدد كافٍ" in told and "الراضون" not in told


def test_nothing_is_told_of_a_wave_that_runs_was_stopped_or_was_over_long_ago(readers: House) -> None:
    house = readers
    for days, state in ((3, waves.RUNNING), (15, waves.ABORTED), (90, waves.DONE)):
        wave = wave_of(house, days=days, state=state)
        answers(house, wave, "overall", [5] * 5)
        asked(house, wave, 5)
    house.run(digest(house).send())
    assert read_by(house, 91) == []


def test_out_of_hours_it_waits(readers: House) -> None:
    house = readers
    wave = wave_of(house, days=13)
    answers(house, wave, "overall", [5] * 5)
    asked(house, wave, 5)
    house.later(days=1, hours=12)
    house.run(digest(house).send())
    assert read_by(house, 91) == []
    house.later(hours=12)
    house.run(digest(house).send())
    assert len(read_by(house, 91)) == 1


def test_it_goes_by_mail_where_the_login_is_an_address(house: House, relay: Relay) -> None:  # noqa: F811
    from email import message_from_string

    from bot.mail import Mail

    id = house.account("مها", "maha@harif.example")
    house.worker("management", id=id)
    wave = wave_of(house, days=15)
    answers(house, wave, "overall", [5] * 5)
    asked(house, wave, 5)
    mail = Mail(f"smtp+plain://127.0.0.1:{relay.server_address[1]}", "desk@wasl.example")
    house.run(digest(house, mail).send())
    ((to, body),) = relay.taken
    assert to == "maha@harif.example"
    payload = message_from_string(body).get_payload(decode=True)
    assert isinstance(payload, bytes) and "الراضون: ١٠٠٪" in payload.decode()

"""Who has no chat answers on a page: their own survey alone, each answer kept as it comes, nobody named where nobody
was to be."""

import re
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from bot import survey_links
from bot.fold import Arrived
from bot.survey_page import SurveyPages
from bot.web.survey_page import SurveyPageRoutes
from storage import appointments, handoffs, surveys, waves
from storage.ids import new_id
from storage.schema_surveys import answers, recipients, responses
from storage.times import DAY, ms
from storage.waves import Recipient, Wave
from tests.desk.broadcasting import known
from tests.desk.house import DESK, House, Person, _OnLoop, words_of


class Pages:
    """A browser at the survey pages of harif."""

    def __init__(self, house: House) -> None:
        self.house = house
        routes = SurveyPageRoutes(SurveyPages(house.line.intake), house.desk.site).routes()
        house.app.router.routes.extend(routes)
        self.client = TestClient(_OnLoop(house), base_url=DESK, follow_redirects=True)

    def wave(self, survey: str = "decided", anonymous: bool = False) -> Wave:
        now = ms(self.house.now)
        wave = Wave("harif", new_id(), "survey", survey, period=f"{new_id()}", state=waves.RUNNING, anonymous=anonymous,
                    at=now, starts=now, ends=now + 14 * DAY)  # fmt: skip
        self.house.do(waves.add, self.house.vault, wave)
        return wave

    def invite(self, wave: Wave, person: Person) -> str:
        """Their page."""
        one = Recipient(
            "harif", wave.id, person.id, None, channel="telegram", state=waves.INVITED, at=ms(self.house.now)
        )
        self.house.do(waves.add_recipients, [one])
        return f"/harif/survey/{survey_links.token(self.house.vault, 'harif', wave.id, person.id)}"

    def asked(self, path: str) -> str:
        """The one question that stands on the page."""
        found = re.search(r'name="question" value="(\w+)"', self.client.get(path).text)
        return found[1] if found else ""

    def answers(self, path: str, **given: str) -> Any:
        question = next(iter(given), "")
        return self.client.post(path, data={"question": question, "way": "answer", **given})

    def rows(self, table: Any) -> list[Any]:
        return list(self.house.ask(lambda c: c.execute(select(table)).all()))

    def totals(self, wave: Wave) -> dict[tuple[str, str], int]:
        found = self.house.ask(surveys.totals_of, "harif", [wave.id])
        return {(one.question, one.score): one.many for one in found}


@pytest.fixture
def pages(house: House) -> Pages:
    return Pages(house)


@pytest.fixture
def noura(house: House) -> Person:
    person = house.person("7001")
    person.does(person.say("السلام عليكم"))
    return person


def test_each_answer_is_kept_as_it_comes_and_half_a_survey_counts_as_half(pages: Pages, noura: Person) -> None:
    wave = pages.wave()
    path = pages.invite(wave, noura)
    first = pages.asked(path)
    assert first == "effort"
    assert words_of(pages.client.get(path).text).count("؟") >= 1
    pages.answers(path, effort="5")
    assert pages.totals(wave) == {("@responses", "begun"): 1, ("effort", "5"): 1}
    assert pages.asked(path) == "clarity", "who comes back goes on where they were"
    (one,) = pages.rows(recipients)
    assert one.state == waves.BEGUN
    pages.client.post(path, data={"question": "clarity", "way": "skip"})
    assert pages.asked(path) == "overall", "what was passed over is behind them, too"
    pages.answers(path, overall="good")
    done = pages.answers(path, words="الموقف بعيد")
    assert "شكرًا لكم" in done.text
    assert pages.totals(wave)[("@responses", "finished")] == 1
    (response,) = pages.rows(responses)
    assert (response.source, response.finished, response.channel) == ("page", True, "telegram")
    assert {(row.question, row.score) for row in pages.rows(answers)} == {
        ("effort", 5),
        ("clarity", None),
        ("overall", 5),
        ("words", None),
    }
    (one,) = pages.rows(recipients)
    assert (one.state, one.response) == (waves.FINISHED, response.id)
    pages.answers(path, effort="1")
    assert ("effort", "1") not in pages.totals(wave), "what is finished stays"


def test_who_passes_over_a_question_and_comes_back_goes_on_behind_it(pages: Pages, noura: Person) -> None:
    wave = pages.wave()
    path = pages.invite(wave, noura)
    for question in ("effort", "clarity", "overall"):
        assert pages.asked(path) == question
        pages.client.post(path, data={"question": question, "way": "skip"})
    assert pages.asked(path) == "words"
    assert pages.totals(wave) == {("@responses", "begun"): 1}, "what was passed over is counted as nothing"
    pages.answers(path, effort="5")
    assert pages.totals(wave)[("effort", "5")] == 1, "who goes back to it answers it"
    pages.client.post(path, data={"question": "words", "way": "skip"})
    assert pages.totals(wave)[("@responses", "finished")] == 1
    assert pages.asked(path) == "" and pages.rows(recipients)[0].state == waves.FINISHED


def test_an_anonymous_survey_is_kept_when_it_is_sent_and_is_nobodys(pages: Pages, noura: Person) -> None:
    wave = pages.wave(anonymous=True)
    path = pages.invite(wave, noura)
    page = pages.client.get(path).text
    assert page.count('id="field-') >= 3 and "لا نسجّل اسمكم" in page
    assert pages.rows(responses) == []
    done = pages.client.post(path, data={"way": "answer", "effort": "2", "overall": "good", "words": "شكرًا"})
    assert "شكرًا" in done.text
    (response,), (one,) = pages.rows(responses), pages.rows(recipients)
    assert response.finished
    assert (one.state, one.response) == (waves.FINISHED, None)
    pages.client.post(path, data={"way": "answer", "effort": "5"})
    assert len(pages.rows(responses)) == 1, "once"


def test_a_link_opens_its_own_persons_survey_and_nothing_else(pages: Pages, house: House, noura: Person) -> None:
    wave = pages.wave()
    path = pages.invite(wave, noura)
    token = path.rpartition("/")[2]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    turned = token[:-1] + letters[letters.index(token[-1]) ^ 1]
    stranger = survey_links.token(house.vault, "harif", wave.id, noura.id + 1)
    for other in (turned, stranger, "x", token[:20], f"{token}=", f"{token}!", "ع" * 34):
        assert pages.client.get(f"/harif/survey/{other}").status_code == 404
        assert (
            pages.client.post(f"/harif/survey/{other}", data={"question": "effort", "effort": "5"}).status_code == 404
        )
    assert pages.client.get(f"/ruhama/survey/{token}").status_code == 404
    assert pages.rows(responses) == []


def test_once_a_wave_is_over_or_was_stopped_nothing_is_taken(pages: Pages, house: House, noura: Person) -> None:
    wave, stopped = pages.wave(), pages.wave()
    path, of_stopped = pages.invite(wave, noura), pages.invite(stopped, noura)
    house.do(lambda c: waves.change(c, "harif", stopped.id, state=waves.ABORTED))
    house.do(lambda c: waves.change(c, "harif", wave.id, ends=ms(house.now)))
    for one in (path, of_stopped):
        over = pages.client.get(one)
        assert over.status_code == 410 and "انتهى هذا الاستبيان" in over.text
        pages.answers(one, effort="5")
    assert pages.rows(responses) == []


def test_what_is_not_understood_is_asked_again_and_who_declines_is_left_alone(pages: Pages, noura: Person) -> None:
    path = pages.invite(pages.wave(), noura)
    wrong = pages.answers(path, effort="بنفسجي")
    assert wrong.status_code == 422 and 'aria-invalid="true"' in wrong.text
    assert pages.rows(answers) == []
    left = pages.client.post(path, data={"way": "decline"})
    assert "كما تحبون" in left.text
    assert pages.rows(recipients)[0].state == waves.DECLINED


def test_a_bad_answer_offers_a_complaint_and_english_is_spoken(pages: Pages, noura: Person) -> None:
    path = pages.invite(pages.wave(anonymous=True), noura)
    assert "Your opinion is your right" in pages.client.get(f"{path}?lang=en").text
    done = pages.client.post(f"{path}?lang=en", data={"way": "answer", "overall": "poor"})
    assert 'href="/harif/complain"' in done.text and "sorry" in done.text
    assert pages.rows(responses)[0].language == "en"


GRIEVED = {"effort": "1", "clarity": "poor", "overall": "poor", "words": "الموقف بعيد"}


def answered_badly(pages: Pages, person: Person) -> tuple[str, Any]:
    """Their page, and what it says once all of it is answered by name."""
    path = pages.invite(pages.wave(), person)
    for question, value in GRIEVED.items():
        done = pages.answers(path, **{question: value})
    return path, done


def calls(house: House, person: Person) -> list[str]:
    """What waits for staff of this person, and which calls are to be arranged."""
    waits = house.ask(handoffs.of_conversation, house.vault, "harif", person.id)
    meets = house.ask(appointments.of_conversation, house.vault, "harif", person.id)
    return [f"{one.reason} {one.callback}" for one in waits] + [one.wish for one in meets if one.kind == "callback"]


def test_whoever_was_badly_served_is_called_by_one_press_on_the_number_they_write_from(
    pages: Pages, house: House
) -> None:
    person = house.person("+966500000077", "whatsapp")
    person.does(person.say("السلام عليكم"))
    path, done = answered_badly(pages, person)
    assert 'href="/harif/complain"' in done.text and "اتصلوا بي" in done.text and 'name="mobile"' not in done.text
    assert calls(house, person) == [], "nobody is called who did not ask for it"
    for _ in range(2):
        called = pages.client.post(path, data={"way": "call"})
        assert called.status_code == 200 and "نتصل بكم" in words_of(called.text)
    house.settle()
    assert calls(house, person) == ["callback any +966500000077", "في أقرب وقت · +966500000077"]
    again = words_of(pages.client.get(path).text)
    assert "اتصلوا بي" not in again and "نأسف" not in again, "who opens the link after them reads nothing of it"


def test_where_no_number_is_known_it_is_asked_for(pages: Pages, house: House, noura: Person) -> None:
    path, done = answered_badly(pages, noura)
    assert 'name="mobile"' in done.text
    for typed in ("", "غدًا", "12345"):
        wrong = pages.client.post(path, data={"way": "call", "mobile": typed})
        assert wrong.status_code == 422 and "رقم جوال" in words_of(wrong.text) and 'aria-invalid="true"' in wrong.text
    assert calls(house, noura) == []
    pages.client.post(path, data={"way": "call", "mobile": "٠٥٠١٢٣٤٥٦٧"})
    assert calls(house, noura)[0] == "callback any +966501234567"


def test_nobody_is_called_of_an_anonymous_survey_nor_who_was_well_served(
    pages: Pages, house: House, noura: Person
) -> None:
    hidden = pages.invite(pages.wave(anonymous=True), noura)
    done = pages.client.post(hidden, data={"way": "answer", **GRIEVED})
    assert "نأسف" in done.text and 'value="call"' not in done.text
    assert 'href="/harif/complain"' in done.text and 'href="tel:+966138820058"' in done.text
    glad = pages.invite(pages.wave(), noura)
    for question, value in {"effort": "5", "clarity": "5", "overall": "good", "words": "شكرًا"}.items():
        done = pages.answers(glad, **{question: value})
    assert "اتصلوا بي" not in done.text
    half = pages.invite(pages.wave(), noura)
    pages.answers(half, effort="1")
    for path in (hidden, glad, half):
        assert pages.client.post(path, data={"way": "call", "mobile": "0501234567"}).status_code == 200
    assert calls(house, noura) == []


def test_the_house_puts_the_link_of_the_person_into_their_invitation(pages: Pages, house: House, noura: Person) -> None:
    from conversations.events import SurveyInvited
    from storage.timers import Timer
    from storage.times import moment

    wave = pages.wave()
    path = pages.invite(wave, noura)
    event = SurveyInvited(id="s", at=house.now, wave=str(wave.id), survey=wave.survey, until=moment(wave.ends))
    timer = Timer("harif", noura.id, "notice:1", ms(house.now))
    house.line.intake.public_url = "https://wasl.example"
    assert house.line.rounds._with_page(event, timer).link == f"https://wasl.example{path}"
    house.line.intake.public_url = ""
    assert house.line.rounds._with_page(event, timer).link == ""


def test_what_was_answered_on_the_page_is_neither_asked_nor_reminded_of_in_the_chat(pages: Pages, house: House) -> None:
    from conversations.events import SurveyInvited
    from storage.times import moment

    noura = known(house, "7002", agreed=("case", "survey"))
    for anonymous in (False, True):
        wave = pages.wave(anonymous=anonymous)
        path = pages.invite(wave, noura)
        later = ms(house.now) + DAY
        reminded = house.ask(waves.recipient, "harif", wave.id, noura.id)
        house.do(lambda c, one=reminded, due=later: waves.change_recipient(c, one, due=due))
        until = moment(wave.ends)
        event = SurveyInvited(id="s", at=house.now, wave=str(wave.id), survey=wave.survey, until=until)
        house.run(_put(house, Arrived("harif", "", "", event, conversation=noura.id)))
        given = {"effort": "5", "clarity": "5", "overall": "good", "words": "شكرًا"}
        if anonymous:
            pages.client.post(path, data={"way": "answer", **given})
        else:
            for question, value in given.items():
                pages.answers(path, **{question: value})
        (one,) = [row for row in pages.rows(recipients) if row.wave == wave.id]
        assert (one.state, one.due) == (waves.FINISHED, None)
        before = pages.totals(wave)
        for button in (f"survey:{wave.id}:yes", f"sv:{wave.id}:effort:1"):
            noura.does(noura.press(button))
            assert "وصلنا رأيكم في هذا الاستبيان من قبل" in noura.told[-1]
        assert pages.totals(wave) == before


async def _put(house: House, arrived: Arrived) -> None:
    await house.line.intake.put(arrived)


def test_nobody_is_asked_to_speak_where_nothing_listens(pages: Pages, noura: Person) -> None:
    named = pages.invite(pages.wave(), noura)
    for question in ("effort", "clarity", "overall"):
        page = pages.client.post(named, data={"question": question, "way": "skip"})
    for seen in (page, pages.client.get(pages.invite(pages.wave(anonymous=True), noura))):
        assert "اكتبوا، أو تخطّوا" in seen.text and "صوتكم" not in seen.text

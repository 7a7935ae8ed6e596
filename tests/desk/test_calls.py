"""Automatic calls, where an association chose them: what is said, which key leads where, and when staff come in."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from twilio.request_validator import RequestValidator

from bot.calls import Calls
from bot.channels.http import Http
from bot.channels.voice import Voice
from bot.web.webhooks import Webhooks
from storage import notices, tasks
from storage.tasks import Task
from storage.times import HOUR, ms
from tests.channels.harness import Call, Reply, StandIn, stand_in
from tests.desk.house import House, Person
from tests.desk.test_tasks import at, case_of, notice, person, refused, task

__all__ = ["person"]
ACCOUNT, TOKEN, FROM = "AC" + "1" * 32, "12345", "+966138820058"
PUBLIC = "https://wasl.example"
RINGS = Reply(201, json={"sid": "CA" + "2" * 32, "status": "queued"})
MAY = {"To", "From", "Twiml", "StatusCallback", "StatusCallbackEvent", "Timeout"}
"""Of what the library of Twilio's own sends to Calls.json."""


class Exchange:
    """The house's calls, with a stand-in for Twilio."""

    def __init__(self, house: House, there: StandIn, http: Http) -> None:
        voice = Voice("harif", ACCOUNT, TOKEN, FROM, "Polly.Zeina", PUBLIC, http, there.url, lambda: house.now)
        line = house.line
        self.house, self.there, self.voice = house, there, voice
        self.calls = Calls(house.database, line.intake, house.associations, {"harif": voice})
        self.hooks = Webhooks({}, frozenset(house.associations), None, None)  # type: ignore[arg-type]
        self.hooks.calls = self.calls

    async def ring(self) -> list[Call]:
        await self.calls.ring()
        return self.there.calls

    async def post(self, url: str, signed: bool = True, **fields: str) -> tuple[int, str]:
        """A webhook of Twilio's, signed as it signs."""
        url = url.partition("#")[0]
        body = urlencode(fields).encode()
        signature = RequestValidator(TOKEN if signed else "other").compute_signature(url, fields)
        parts = urlsplit(url)
        scope = {
            "method": "POST",
            "path": parts.path,
            "query_string": parts.query.encode(),
            "headers": [(b"x-twilio-signature", signature.encode())],
        }
        said: list[Any] = []

        async def receive() -> Any:
            return {"body": body}

        async def send(message: Any) -> None:
            said.append(message)

        await self.hooks(scope, receive, send)
        return said[0]["status"], said[1]["body"].decode()


def exchange(house: House, then: Callable[[Exchange], Awaitable[None]], reply: Reply = RINGS) -> None:
    async def run() -> None:
        http = Http()
        async with stand_in(reply) as there:
            try:
                await then(Exchange(house, there, http))
            finally:
                await http.close()

    house.run(run())


def key_of(call: Call) -> str:
    gather = ElementTree.fromstring(call.fields["Twiml"]).find("Gather")
    assert gather is not None
    return gather.attrib["action"]


def test_it_says_that_there_is_news_the_number_letter_by_letter_where_it_stands_and_nothing_else(
    house: House, person: Person
) -> None:
    made = task(house, case_of(house, person))

    async def then(there: Exchange) -> None:
        [call] = await there.ring()
        assert call.path == f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
        assert set(call.fields) == MAY
        assert (call.fields["To"], call.fields["From"]) == ("+966500000007", FROM)
        assert call.fields["StatusCallback"].startswith(f"{PUBLIC}/twilio/harif/voice_status?row={made.id}")
        said = "".join(ElementTree.fromstring(call.fields["Twiml"]).itertext())
        assert "لديكم جديد" in said
        assert "الحال الآن: وصلنا" in said, "where it stands anybody may hear"
        assert "نورة" not in said
        assert "تسجيل" not in said
        spelled = re.findall(r'<say-as interpret-as="characters">(\w+)</say-as>', call.fields["Twiml"])
        assert "-".join(spelled[:3]) == made.reference
        assert call.fields["Twiml"].count("Polly.Zeina") >= 5
        assert len(call.fields["Twiml"]) < 4000
        # Once: the next round calls nobody.
        assert len(await there.ring()) == 1

    exchange(house, then)
    assert at(house, made).outcome == "ringing"


@pytest.mark.parametrize(
    ("digits", "state", "outcome", "standing"),
    [("2", "done", "reached", notices.REACHED), ("1", "open", "asked", notices.WITH_STAFF)],
)
def test_a_pressed_key_says_that_it_was_heard_or_that_somebody_should_call(
    house: House, person: Person, digits: str, state: str, outcome: str, standing: str
) -> None:
    made = task(house, case_of(house, person))

    async def then(there: Exchange) -> None:
        [call] = await there.ring()
        status, twiml = await there.post(key_of(call), Digits=digits, CallSid="CA1")
        assert status == 200
        assert "مع السلامة" in "".join(ElementTree.fromstring(twiml).itertext())
        # How the call ended comes after it, and twice.
        for _ in range(2):
            assert (await there.post(call.fields["StatusCallback"], CallStatus="completed", CallSid="CA1"))[0] == 200

    exchange(house, then)
    known = at(house, made)
    assert (known.state, known.outcome, known.urgent) == (state, outcome, digits == "1")
    assert notice(house, made).state == standing
    assert [one.staff for one in known.tried] == [0]


@pytest.mark.parametrize("what", ["refused", "paper"])
def test_news_that_was_only_heard_of_is_called_for_by_staff_when_two_days_pass(
    house: House, person: Person, what: str
) -> None:
    known = case_of(house, person)
    more = refused(house, person) if what == "refused" else f"document_expiring:{known.reference}:iqama:2027-01-01"
    made = task(house, known, about=more)

    async def then(there: Exchange) -> None:
        [call] = await there.ring()
        assert ("الحال الآن" in call.fields["Twiml"]) == (what == "paper")
        await there.post(key_of(call), Digits="2", CallSid="CA1")

    exchange(house, then)
    assert at(house, made).state == "done"
    assert notice(house, made).state == notices.UNOPENED
    house.later(days=4)
    assert notice(house, made).state == notices.WITH_STAFF
    [again] = [one for one in house.line.rows("tasks") if one.id != made.id and one.kind == "call"]
    assert (again.state, again.why) == ("open", "unopened")

    async def silent(there: Exchange) -> None:
        assert await there.ring() == []

    exchange(house, silent)


@pytest.mark.parametrize("status", ["no-answer", "busy", "failed", "completed"])
def test_without_a_key_the_call_is_staff_s(house: House, person: Person, status: str) -> None:
    made = task(house, case_of(house, person))

    async def then(there: Exchange) -> None:
        [call] = await there.ring()
        assert (await there.post(call.fields["StatusCallback"], CallStatus="ringing", CallSid="CA1"))[0] == 200
        assert at(house, made).outcome == "ringing"
        await there.post(call.fields["StatusCallback"], CallStatus=status, CallSid="CA1")
        await there.ring()
        assert len(there.there.calls) == 1

    exchange(house, then)
    known = at(house, made)
    assert (known.state, known.outcome, known.tries) == ("open", "no_answer", 1)
    assert known.due <= ms(house.now) + 24 * HOUR


def test_what_twilio_refuses_and_what_never_ended_is_staff_s_too(house: House, person: Person) -> None:
    made, other = task(house, case_of(house, person)), None

    async def then(there: Exchange) -> None:
        await there.ring()

    exchange(house, then, Reply(400, json={"code": 21211, "status": 400}))
    assert (at(house, made).outcome, at(house, made).due) == ("not_called", ms(house.now))
    other = task(house, case_of(house, person))
    exchange(house, then)
    waiting = at(house, other)
    assert waiting.outcome == "ringing"
    assert waiting.due == ms(house.now + timedelta(minutes=15))


def test_nobody_is_rung_at_night_nor_about_what_is_confidential_nor_while_calls_are_held(
    house: House, person: Person
) -> None:
    known = case_of(house, person)
    apart: list[Task] = [
        task(house, known, restricted=True), task(house, known, women_only=True), task(house, known, staff=7),
        task(house, known, "letter"),
    ]  # fmt: skip

    async def then(there: Exchange) -> None:
        assert await there.ring() == []

    exchange(house, then)
    assert all(at(house, one).outcome == "" for one in apart)
    night = task(house, known)
    house.line.now += timedelta(hours=14)
    exchange(house, then)
    assert at(house, night).outcome == ""
    house.line.now += timedelta(hours=10)
    house.line.switch = lambda *_: "paused"
    exchange(house, then)
    assert at(house, night).outcome == "not_called"


def test_a_key_that_somebody_else_signed_changes_nothing(house: House, person: Person) -> None:
    made = task(house, case_of(house, person))

    async def then(there: Exchange) -> None:
        [call] = await there.ring()
        assert (await there.post(key_of(call), signed=False, Digits="2"))[0] == 403
        assert (await there.post(key_of(call).replace(str(made.id), "77"), Digits="2"))[0] == 200
        assert (await there.post(key_of(call).replace("/harif/", "/ruhama/"), Digits="2"))[0] == 404

    exchange(house, then)
    assert at(house, made).state == tasks.OPEN
    assert at(house, made).outcome == "ringing"

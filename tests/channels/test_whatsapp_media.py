"""Fetching what people sent, from nowhere but where Twilio keeps it; and asking Twilio what became of a send."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.channels.contract import FetchError, StatusReport, TryAgain
from bot.channels.http import Answer, Http
from bot.channels.twilio_channel import TWILIO
from bot.channels.twilio_media import fetch_media, may_follow
from conversations.says import Say

from .harness import NOBODY, Call, Provider, Reply, StandIn, choices, stand_in, text
from .whatsapp_bench import ACCOUNT, MEDIUM, PERSON, SENDER, make_channel


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http(connect=2, answer=0.3)
    yield http
    await http.close()


# --- media --------------------------------------------------------------------------------------------------------


async def fetch(http: Http, provider: StandIn, source: str = MEDIUM, at_most: int = 100) -> bytes:
    return await make_channel(provider.url, http).fetch(source, at_most)


async def test_a_medium_is_fetched_with_credentials(http: Http) -> None:
    async with stand_in(Reply(body=b"bytes"), _authorised) as provider:
        assert await fetch(http, provider) == b"bytes"
    assert provider.problems == []


def _authorised(call: Call) -> list[str]:
    return [] if call.headers.get("Authorization", "").startswith("Basic ") else ["no credentials"]


async def test_a_redirect_to_where_media_are_kept_is_followed(http: Http) -> None:
    replies: Provider = {MEDIUM: Reply(307, headers={"Location": "/kept/there"}), "/kept/there": Reply(body=b"bytes")}
    async with stand_in(replies) as provider:
        assert await fetch(http, provider) == b"bytes"


async def test_a_redirect_to_anywhere_else_is_refused_and_never_asked(http: Http) -> None:
    async with stand_in(Reply(body=b"evil")) as evil:
        for location in (f"{evil.url}/x", f"{evil.url}{MEDIUM}", "https://evil.example/x", "file:///etc/passwd", ""):
            async with stand_in(Reply(302, headers={"Location": location})) as provider:
                with pytest.raises(FetchError) as raised:
                    await fetch(http, provider)
            assert (raised.value.reason, raised.value.retry) == ("gone", False)
    assert evil.calls == []


@pytest.mark.parametrize(
    ("location", "followed"),
    [
        ("https://mms.twiliocdn.com/AC/x?Signature=1", True),
        ("https://media.twiliocdn.com/AC/x", True),
        ("https://api.twilio.com/x", True),
        ("https://s3-external-1.amazonaws.com/media.twiliocdn.com/AC/x", True),
        ("https://s3-external-1.amazonaws.com/other-bucket/x", False),
        ("https://s3.amazonaws.com/media.twiliocdn.com/x", False),
        ("http://mms.twiliocdn.com/x", False),
        ("https://mms.twiliocdn.com:444/x", False),
        ("https://twiliocdn.com.evil.example/x", False),
        ("https://eviltwiliocdn.com/x", False),
        ("https://mms.twiliocdn.com@evil.example/x", False),
        ("https://169.254.169.254/latest", False),
        ("http://127.0.0.1/x", False),
        ("https://[", False),
    ],
)
def test_twilios_redirects_lead_to_its_stores_alone(location: str, followed: bool) -> None:
    assert may_follow(location, TWILIO) is followed


@pytest.mark.parametrize(
    ("reply", "reason", "retry"),
    [
        (Reply(body=b"x" * 101), "too_big", False),
        (Reply(body=b""), "empty", False),
        (Reply(404), "gone", True),
        (Reply(410), "gone", False),
        (Reply(401), "gone", True),
        (Reply(503), "gone", True),
        (Reply(then="drop"), "gone", True),
        (Reply(then="hang"), "gone", True),
        (NOBODY, "gone", True),
        (Reply(302, headers={"Location": MEDIUM}), "gone", False),
    ],
    ids=["too big", "empty", "not there yet", "deleted", "no entry", "away", "dropped", "silent", "nobody", "a circle"],
)
async def test_a_file_that_cannot_be_had(reply: Reply, reason: str, retry: bool, http: Http) -> None:
    async with stand_in(reply) as provider:
        with pytest.raises(FetchError) as raised:
            await fetch(http, provider)
    assert (raised.value.reason, raised.value.retry) == (reason, retry)


@pytest.mark.parametrize(
    "source", ["", "https://evil.example/x", "/2010-04-01/Accounts", "@evil.example/x", "//evil/x"]
)
async def test_a_source_that_is_no_medium_is_never_asked(source: str, http: Http) -> None:
    async with stand_in(Reply(body=b"x")) as provider:
        with pytest.raises(FetchError):
            await fetch(http, provider, source)
    assert provider.calls == []


async def test_credentials_do_not_follow_a_redirect_to_another_host(http: Http) -> None:
    class Recorded(Http):
        asked: list[tuple[str, bool]] = []  # noqa: RUF012

        async def ask_whole(self, method: str, url: Any, **more: Any) -> Any:
            self.asked.append((urlsplit(str(url)).hostname or "", "Authorization" in more["headers"]))
            if len(self.asked) == 1:
                return Answer(307, b"", {"Location": "https://mms.twiliocdn.com/x"})
            return Answer(200, b"bytes", {})

    there = Recorded()
    assert await fetch_media(there, TWILIO, "Basic x", MEDIUM, 10) == b"bytes"
    assert there.asked == [("api.twilio.com", True), ("mms.twiliocdn.com", False)]


# --- asking what became of a send ---------------------------------------------------------------------------------

SENT_AT = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def listed(*messages: dict[str, Any]) -> Reply:
    return Reply(json={"messages": list(messages), "page": 0, "page_size": 50, "next_page_uri": None})


def message(
    sid: str, body: str | None, minutes: int = 1, status: str = "delivered", code: int | None = None
) -> dict[str, Any]:
    made = SENT_AT + timedelta(minutes=minutes)
    return {
        "sid": sid,
        "body": body,
        "status": status,
        "error_code": code,
        "date_created": made.strftime("%a, %d %b %Y %H:%M:%S +0000"),
        "num_media": "0",
    }


async def ask(http: Http, reply: Reply, say: Say, known: tuple[str, ...] = ()) -> tuple[StatusReport | None, StandIn]:
    async with stand_in(reply) as provider:
        return await make_channel(provider.url, http).ask_about(PERSON, say, SENT_AT, known), provider


async def test_twilios_list_settles_a_send_without_an_answer(http: Http) -> None:
    reply = listed(
        message("SM3", "غير ذلك"), message("SM2", "مرحبا", code=None, status="sent"), message("SM1", "مرحبا", -9)
    )
    report, provider = await ask(http, reply, text("مرحبا"))
    assert report == StatusReport(key="SM2:sent", status="accepted", provider_id="SM2")
    assert provider.calls[0].query["To"] == f"whatsapp:{PERSON}"
    assert provider.calls[0].query["From"] == f"whatsapp:{SENDER}"
    assert provider.calls[0].path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


async def test_a_message_known_to_be_another_rows_is_passed_over(http: Http) -> None:
    reply = listed(message("SM3", "مرحبا", status="failed", code=63016), message("SM2", "مرحبا"))
    report, _ = await ask(http, reply, text("مرحبا"), known=("SM2",))
    assert report == StatusReport(key="SM3:failed", status="failed", provider_id="SM3", code="63016")


async def test_of_two_that_say_the_same_the_older_one_is_meant(http: Http) -> None:
    report, _ = await ask(http, listed(message("SM3", "مرحبا", 3), message("SM2", "مرحبا", 2)), text("مرحبا"))
    assert report is not None
    assert report.provider_id == "SM2"


async def test_choices_are_found_as_a_content_or_as_lines(http: Http) -> None:
    for body in ("أيّها تختارون؟", "أيّها تختارون؟\n\n1. خيار 1\n2. خيار 2"):
        report, _ = await ask(http, listed(message("SM2", body)), choices(2))
        assert report is not None


async def test_what_twilio_does_not_list_was_never_taken(http: Http) -> None:
    assert (await ask(http, listed(), text("مرحبا")))[0] is None


async def test_a_list_that_cannot_be_had_is_asked_for_again(http: Http) -> None:
    for reply in (Reply(503), Reply(then="drop")):
        with pytest.raises(TryAgain):
            await ask(http, reply, text("مرحبا"))

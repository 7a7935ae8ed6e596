"""What each answer of each provider means for a notice: every code that providers are known to give, at once and by a
callback, by the real channels at stand-ins. Nothing is lost, nothing goes twice, and nobody is left in silence."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from bot.channels.contract import Channel, StatusReport
from bot.channels.email import Keys
from bot.channels.http import Http
from bot.channels.twilio_errors import _TABLE as KNOWN
from bot.channels.whatsapp import WhatsApp
from bot.mail import Relay
from bot.rate import Rate
from bot.ways_out import link
from storage import accounts, templates
from storage.schema import cases as cases_table
from storage.schema import conversations as conversations_table
from storage.schema import messages as messages_table
from storage.vault import Vault
from tests.bot.desk import PUBLIC, Desk, Paper, Person
from tests.bot.test_email import HARIF, Written
from tests.bot.test_notices import legs, move, one
from tests.channels import telegram_bench, test_sms, whatsapp_bench
from tests.channels.harness import Reply, StandIn, stand_in
from tests.channels.smtp import DROP, Post, post_office
from tests.channels.telegram_bench import reply
from tests.channels.test_whatsapp_outgoing import failure

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""The chain itself is tried on both databases by test_notices."""
HOME, PHONE, MAIL = "7009", "+966500000007", "noura@mail.example"
HANDLES = {"telegram": "7001", "whatsapp": PHONE, "sms": PHONE, "email": MAIL}
SID = "HX" + "a" * 32


class Twilio(StandIn):
    """Takes messages under a name of its own each, unless told otherwise."""

    listed: Reply | None = None
    """What it answers to who asks what it took."""

    def _reply_for(self, path: str) -> Reply:
        if self.listed is not None and self.calls[-1].method == "GET":
            return self.listed
        answer = super()._reply_for(path)
        if answer.status == 200 and answer.json is None and answer.then == "answer":
            return Reply(201, json={"sid": f"SM{len(self.calls):032x}", "status": "queued"})
        return answer


class Way:
    """A person whose request was filed on a channel of paper, and whose agreed channel is a real one."""

    def __init__(self, desk: Desk, name: str, provider: Any, paper: Paper) -> None:
        self.desk, self.name, self.provider, self.paper = desk, name, provider, paper
        self.handle = HANDLES[name]
        self.reference = ""

    async def begin(self, *more: Paper) -> None:
        home = Person(self.desk, HOME, self.paper.name)
        for paper in more:
            await Person(self.desk, HANDLES[paper.name], paper.name).say("السلام عليكم")
        self.reference = await home.apply()
        there = Person(self.desk, self.handle, self.name)
        await there.say("السلام عليكم")
        await self.desk.later(seconds=5)
        c = conversations_table.c

        def join(connection: Connection) -> None:
            whose = connection.scalar(select(c.beneficiary).where(c.id == self.desk.id_of(HOME, self.paper.name)))
            connection.execute(update(conversations_table).values(beneficiary=whose))
            connection.execute(update(cases_table).values(agreed_channel=self.name))

        self.desk.do(join)

    def answers(self, *given: Any) -> None:
        """What the provider says from now on, the last of it for good; FINE takes everything."""
        if isinstance(self.provider, Post):
            steps: dict[str, list[str]] = {}
            for one in given:
                for step, words in one.items():
                    steps.setdefault(step, []).append(words)
            self.provider.answers = {step: tuple(words) for step, words in steps.items()}
            self.provider._used.clear()
            return
        self.provider.provider = tuple(given) if len(given) > 1 else given[0]
        self.provider._used.clear()

    async def moved(self) -> None:
        move(self.desk, self.reference, "verify", "relations_officer")
        await self.desk.run()
        await self.desk.later(seconds=2)

    async def says(self, status: Any, code: str = "", sid: str = "", row: int = 0, key: str = "") -> None:
        """A status callback of Twilio's, about the message that carries the notice."""
        it = self.carrying()[-1]
        sid = sid or it.provider_id
        found = StatusReport(
            key=key or f"{sid}:{status}",
            status=status,
            row=row or it.id,
            provider_id=sid,
            code=code,
        )
        await self.desk.intake.take("harif", self.name, [found])
        await self.desk.settle()

    def carrying(self) -> list[Any]:
        """The messages on this channel that carry the notice."""
        m = messages_table
        query = select(m).where(m.c.notice.is_not(None), m.c.channel == self.name).order_by(m.c.id)
        return list(self.desk.ask(lambda c: c.execute(query).all()))

    def arrived(self) -> int:
        """How often the provider was given the news: it names the case."""
        if isinstance(self.provider, Post):
            bodies: list[Any] = [one.message.get_body(("plain",)) for one in self.provider.taken]
            return sum(self.reference in str(body.get_content()) for body in bodies)
        posts = [call for call in self.provider.calls if call.path.endswith(("/Messages.json", "/sendMessage"))]
        return sum(self.reference in str(call.fields) for call in posts)

    def posts(self) -> int:
        return sum(call.method == "POST" for call in self.provider.called("/Messages.json"))

    @property
    def told_elsewhere(self) -> bool:
        return any(self.reference in sent.text for sent in self.paper.sent[self.before :])

    before = 0

    def blocked(self) -> str:
        return self.desk.where(self.handle, self.name).unreachable

    def paused(self) -> bool:
        known = self.desk.ask(accounts.load).get(("harif", self.name))
        return bool(known and known.paused)

    def waited(self) -> None:
        """A rate that is held goes by the machine's own clock."""
        self.desk.delivery.rates["harif", self.name] = Rate(1000)

    def heed_switches(self) -> None:
        """As the round of the front line that reads them."""
        self.desk.switch = lambda slug, channel, _: "paused" if channel == self.name and self.paused() else ""


@pytest.fixture
async def way(make_desk: Callable[..., Desk], vault: Vault, associations: Any) -> AsyncIterator[Callable[..., Any]]:
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:

        async def make(name: str, *more: Paper) -> Way:
            paper = Paper("harif", "telegram" if name != "telegram" else "whatsapp")
            provider: Any
            channel: Channel
            if name == "email":
                profile, words = associations["harif"].profile, associations["harif"].wording
                provider = await stack.enter_async_context(post_office({}))
                names = {each: (profile.name.to(each), profile.short_name.to(each)) for each in ("ar", "en")}
                stop: Callable[[int], str] = lambda row: link(vault, PUBLIC, "harif", row)  # noqa: E731
                channel = Written(
                    "harif", HARIF, names, words, Relay(provider.url, seconds=5), Keys(vault, "harif"), stop, "secret"
                )
            else:
                http = Http(connect=2, answer=0.3)
                stack.push_async_callback(http.close)
                provider = await stack.enter_async_context(stand_in(Reply()))
                if name == "telegram":
                    provider.provider = reply()
                    channel = telegram_bench.telegram(provider.url, answer=0.3)
                elif name == "sms":
                    provider.__class__ = Twilio
                    channel = test_sms.make(provider.url, http)
                else:
                    provider.__class__ = Twilio
                    channel = whatsapp_bench.make_channel(provider.url, http)
            stack.push_async_callback(channel.close)
            desk = make_desk((paper, channel, *more))
            stack.push_async_callback(desk.settle)
            made = Way(desk, name, provider, paper)
            made.heed_switches()
            await made.begin(*more)
            made.before = len(paper.sent)
            return made

        yield make


# --- the tables ------------------------------------------------------------------------------------------------------

AGAIN = "tried again, and arrives"
NEXT = "the next address, within the minute"
GONE = "the next address, and this one is given up until they write"
TEMPLATE = "the approved template, at the same address"
PAUSE = "the template stops, an alarm, the next address"
STOP = "the channel stops, an alarm; after the cut the next address"
MAYBE = "sent once more at most, and visible as may have arrived"
LATER = "what may only be tried in a day goes by the next address now"

TWILIO = {
    "20429": AGAIN, "63017": AGAIN,
    "20003": STOP, "63007": STOP,
    "21211": GONE, "63003": GONE, "30006": GONE,
    "21610": GONE, "63014": GONE, "63033": GONE,
    "21617": NEXT, "21658": NEXT,
    "30001": AGAIN, "63010": AGAIN, "63012": AGAIN,
    "30003": NEXT, "30005": NEXT, "63024": NEXT, "63032": NEXT,
    "30007": NEXT, "63005": NEXT, "63013": NEXT, "63021": NEXT, "63026": NEXT,
    "63016": TEMPLATE,
    "63018": AGAIN,
    "63019": NEXT, "63034": NEXT,
    "63027": PAUSE, "63028": PAUSE, "63041": PAUSE,
    "63049": LATER,
    "99999": NEXT,
}  # fmt: skip
assert set(KNOWN) <= set(TWILIO), "every code that we know is in the table"
TELEGRAM = {
    "429": (reply(429, "Too Many Requests: retry after 7", retry_after=7), AGAIN),
    "500": (reply(500, "Internal Server Error"), AGAIN),
    "502": (Reply(502, body=b"Bad Gateway"), AGAIN),
    "403 blocked": (reply(403, "Forbidden: bot was blocked by the user"), GONE),
    "403 deactivated": (reply(403, "Forbidden: user is deactivated"), GONE),
    "400 no chat": (reply(400, "Bad Request: chat not found"), GONE),
    "400": (reply(400, "Bad Request: something"), NEXT),
    "401": (reply(401, "Unauthorized"), STOP),
    "404": (reply(404, "Not Found"), STOP),
    "504": (Reply(504, body=b""), MAYBE),
    "no answer": (Reply(then="hang"), MAYBE),
    "half closed": (Reply(then="drop"), MAYBE),
}
MAILS = {
    "421": ({"RCPT": "421 4.3.2 later"}, AGAIN),
    "450": ({"RCPT": "450 4.2.0 later"}, AGAIN),
    "451": ({"RCPT": "451 4.7.1 greylisted"}, AGAIN),
    "452": ({"DATA": "452 4.3.1 no room"}, AGAIN),
    "452 full": ({"RCPT": "452 4.2.2 mailbox full"}, NEXT),
    "550": ({"RCPT": "550 5.1.1 no such user"}, GONE),
    "550 refused": ({"RCPT": "550 5.7.1 refused"}, NEXT),
    "551": ({"RCPT": "551 moved"}, GONE),
    "552": ({"BODY": "552 5.3.4 too big"}, NEXT),
    "554": ({"BODY": "554 5.6.0 refused"}, NEXT),
    "530": ({"MAIL": "530 5.7.0 sign in"}, STOP),
    "553": ({"MAIL": "553 5.1.8 not your address"}, STOP),
    "lost after the words": ({"BODY": DROP}, MAYBE),
    "half closed": ({"RCPT": DROP}, AGAIN),
}


async def holds(there: Way, outcome: str) -> None:
    """What the table says, to the end: they were reached, or somebody was asked."""
    desk = there.desk
    if outcome == AGAIN:
        assert legs(desk) == [(there.name, "out", "")] and not there.told_elsewhere
        there.waited()
        there.answers(telegram_bench.reply() if there.name == "telegram" else {} if there.name == "email" else Reply())
        for _ in range(4):
            await desk.later(seconds=30)
        (row,) = there.carrying()
        assert row.state == "accepted" and row.attempts >= 1 and there.arrived() >= 1
        assert not there.told_elsewhere and desk.rows("tasks") == []
    elif outcome in (NEXT, GONE, LATER, PAUSE):
        for _ in range(2):
            await desk.later(seconds=10)
        (first, second) = legs(desk)
        assert (first[0], first[1]) == (there.name, "failed") and first[2], "why is on record"
        assert second[:2] == (there.paper.name, "out") and there.told_elsewhere
        assert bool(there.blocked()) is (outcome == GONE) and not there.paused()
    elif outcome == STOP:
        assert there.paused() and "channel_stopped" in desk.alarms()
        assert legs(desk) == [(there.name, "out", "")] and not there.told_elsewhere
        await desk.later(minutes=9)
        assert not there.told_elsewhere, "it may be put right"
        for _ in range(4):
            await desk.later(minutes=1)
        assert legs(desk)[0] == (there.name, "failed", "channel_stopped") and there.told_elsewhere
        there.answers(telegram_bench.reply() if there.name == "telegram" else {} if there.name == "email" else Reply())
        before = there.arrived()
        desk.do(accounts.resume, "harif", there.name)
        await desk.later(minutes=5)
        assert there.arrived() == before, "what went another way does not come once more"
    elif outcome == MAYBE:
        there.answers(telegram_bench.reply() if there.name == "telegram" else {} if there.name == "email" else Reply())
        for _ in range(3):
            await desk.later(minutes=1, seconds=10)
        (row,) = there.carrying()
        assert row.again and row.state == "accepted", "marked: it may have arrived before"
        assert not there.told_elsewhere
        assert there.arrived() <= 2


def cases(table: dict[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("code", table)


@cases(TELEGRAM)
async def test_each_answer_of_telegram(way: Callable[..., Any], code: str) -> None:
    there = await way("telegram")
    answer, outcome = TELEGRAM[code]
    there.answers(answer)
    await there.moved()
    await holds(there, outcome)


@cases(MAILS)
async def test_each_answer_of_a_relay(way: Callable[..., Any], code: str) -> None:
    there = await way("email")
    answer, outcome = MAILS[code]
    there.answers(answer)
    await there.moved()
    await holds(there, outcome)


def with_template(there: Way, *kinds: str) -> None:
    for kind in kinds:
        about = ("harif", kind, "ar")
        there.desk.do(templates.made, *about, "d", SID, "utility", 1)
        there.desk.do(templates.stands, there.desk.ask(templates.load, "harif")[kind, "ar"], "approved", "", "", 1)
    channel = there.desk.channels["harif", "whatsapp"]
    assert isinstance(channel, WhatsApp)
    channel.approved = {(kind, "ar"): SID for kind in kinds}


OF_TEXTS = ("20429", "20003", "21211", "21610", "30001", "30003", "30007", "99999")


@pytest.mark.parametrize("late", [False, True], ids=["at once", "by a callback"])
@pytest.mark.parametrize(
    ("name", "code"), [*(("whatsapp", one) for one in TWILIO), *(("sms", one) for one in OF_TEXTS)]
)
async def test_each_code_of_twilio(way: Callable[..., Any], name: str, code: str, late: bool) -> None:
    outcome = TWILIO[code]
    there = await way(name)
    if outcome in (TEMPLATE, PAUSE):
        with_template(there, "news")
    if outcome == PAUSE:
        there.desk.now += timedelta(hours=26)
    refusal = failure(400, int(code))
    there.answers(Reply() if late else {"/Messages.json": (refusal, Reply())} if outcome == TEMPLATE else refusal)
    await there.moved()
    if late:
        assert there.carrying()[-1].state == "accepted"
        await there.says("failed", code)
    if outcome == STOP and late:
        # The message itself is lost with the account: the next address at once.
        assert there.paused() and "channel_stopped" in there.desk.alarms()
        for _ in range(2):
            await there.desk.later(seconds=10)
        assert legs(there.desk)[0] == (name, "failed", code) and there.told_elsewhere
        return
    if outcome == TEMPLATE:
        there.answers(Reply())
        for _ in range(2):
            await there.desk.later(seconds=10)
        assert [leg[0] for leg in legs(there.desk)] == ["whatsapp", "whatsapp"]
        assert legs(there.desk)[0] == ("whatsapp", "failed", "63016") and not there.told_elsewhere
        assert there.provider.calls[-1].fields["ContentSid"] == SID and there.blocked() == ""
        await there.says("delivered")
        await there.desk.later(minutes=2)
        assert legs(there.desk)[1][1] == "arrived"
        return
    await holds(there, outcome)
    if outcome == PAUSE:
        assert "template_paused" in there.desk.alarms()
        assert there.desk.ask(templates.load, "harif")["news", "ar"].state == "paused"


async def test_without_an_approved_template_a_closed_window_is_the_next_address(way: Callable[..., Any]) -> None:
    there = await way("whatsapp")
    there.answers(failure(400, 63016))
    await there.moved()
    for _ in range(3):
        await there.desk.later(seconds=10)
    assert legs(there.desk)[:2] == [("whatsapp", "failed", "63016"), ("whatsapp", "failed", "no_template")]
    assert legs(there.desk)[2][:2] == ("telegram", "out") and there.told_elsewhere


# --- 5xx, silence, half a connection ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["whatsapp", "sms"])
@pytest.mark.parametrize(
    "answer", [Reply(503, body=b"x"), failure(500, 20500)], ids=["503 of a proxy", "500 of Twilio"]
)
async def test_a_provider_that_is_down_is_asked_again(way: Callable[..., Any], name: str, answer: Reply) -> None:
    there = await way(name)
    there.answers(answer)
    await there.moved()
    await holds(there, AGAIN)


@pytest.mark.parametrize("took", [True, False], ids=["it had taken it", "it had not"])
@pytest.mark.parametrize(
    "answer",
    [Reply(then="hang"), Reply(then="drop"), Reply(502, body=b"x"), Reply(201, body=b"?")],
    ids=["no answer", "half closed", "502 of a proxy", "an answer that makes no sense"],
)
async def test_twilio_is_asked_what_became_of_a_send_that_was_never_answered(
    way: Callable[..., Any], answer: Reply, took: bool
) -> None:
    there = await way("whatsapp")
    there.answers({"/Messages.json": answer, "/Content": Reply(400, json={"code": 1})})
    await there.moved()
    body = str([call for call in there.provider.calls if call.path.endswith("/Messages.json")][-1].fields["Body"])
    listed = {
        "sid": "SM" + "7" * 32, "status": "sent", "body": body, "error_code": None,
        "date_created": (there.desk.now - timedelta(seconds=1)).strftime("%a, %d %b %Y %H:%M:%S +0000"),
    }  # fmt: skip
    posted = there.posts()
    page = {"messages": [listed] if took else [], "next_page_uri": None, "page": 0, "page_size": 50}
    there.provider.listed = Reply(200, json=page)
    there.answers(Reply(201, json={"sid": "SM" + "8" * 32}))
    for _ in range(3):
        await there.desk.later(minutes=1, seconds=1)
        await there.desk.delivery.ask()
        await there.desk.settle()
    (row,) = there.carrying()
    assert row.state == "accepted" and not there.told_elsewhere
    assert row.provider_id == "SM" + ("7" if took else "8") * 32
    again = there.posts() - posted
    assert again == (0 if took else 1), "never twice where it was taken, never lost where it was not"


# --- statuses --------------------------------------------------------------------------------------------------------


async def test_statuses_late_doubled_and_out_of_order_end_as_the_last_word(way: Callable[..., Any]) -> None:
    there = await way("whatsapp")
    await there.moved()
    for status in ("read", "accepted", "delivered", "read", "accepted"):
        await there.says(status)
    assert there.carrying()[-1].state == "read"
    await there.desk.later(minutes=3)
    assert legs(there.desk) == [("whatsapp", "arrived", "")] and one(there.desk).state == "reached"
    for status in ("delivered", "read"):
        await there.says(status)
    assert one(there.desk).state == "reached" and there.arrived() == 1 and not there.told_elsewhere


async def test_what_failed_for_a_while_is_sent_once_more_and_not_for_each_time_that_it_is_told(
    way: Callable[..., Any],
) -> None:
    there = await way("whatsapp")
    await there.moved()
    first = there.carrying()[-1].provider_id
    for _ in range(3):
        await there.says("failed", "63018", sid=first)
    assert there.carrying()[-1].state == "queued"
    await there.desk.later(seconds=30)
    there.waited()
    await there.desk.later(seconds=20)
    assert there.arrived() == 1, "a rate is waited for"
    for _ in range(4):
        await there.desk.later(seconds=30)
    assert there.arrived() == 2 and there.carrying()[-1].provider_id != first
    await there.says("failed", "63018", sid=first)
    await there.desk.later(minutes=3)
    assert there.carrying()[-1].state == "accepted" and there.arrived() == 2 and not there.told_elsewhere


async def test_what_fails_for_a_while_forever_goes_by_the_next_address(way: Callable[..., Any]) -> None:
    there = await way("whatsapp")
    await there.moved()
    for number in range(12):
        if legs(there.desk)[0][1] != "out":
            break
        await there.says("failed", "63010", key=f"k{number}")
        for _ in range(3):
            await there.desk.later(minutes=5)
    assert legs(there.desk)[0][:2] == ("whatsapp", "failed") and there.told_elsewhere


async def test_a_status_of_an_unknown_message_moves_nothing(way: Callable[..., Any]) -> None:
    there = await way("whatsapp")
    await there.moved()
    for row, sid in ((999, "SM" + "9" * 32), (None, "SM" + "9" * 32), (None, "")):
        for code in ("63018", "63024", "21610"):
            report = StatusReport(key=f"{row}{sid}{code}", status="failed", row=row, provider_id=sid, code=code)
            await there.desk.intake.take("harif", "whatsapp", [report])
    await there.desk.settle()
    assert there.carrying()[-1].state == "accepted" and legs(there.desk) == [("whatsapp", "out", "")]
    assert there.blocked() == "" and there.arrived() == 1


async def test_a_bounce_after_the_relay_took_it_is_the_next_address(way: Callable[..., Any]) -> None:
    there = await way("email")
    await there.moved()
    await there.desk.later(hours=5)
    assert legs(there.desk) == [("email", "out", "")], "a day for what bounces"
    await there.says("failed", "mail_no_mailbox")
    for _ in range(2):
        await there.desk.later(seconds=10)
    assert legs(there.desk)[0] == ("email", "failed", "mail_no_mailbox") and there.told_elsewhere and there.blocked()


# --- to the end ------------------------------------------------------------------------------------------------------


async def test_of_three_addresses_the_first_is_blocked_the_second_silent_the_third_arrives(
    way: Callable[..., Any],
) -> None:
    there = await way("telegram", Paper("harif", "sms"))
    desk = there.desk
    there.answers(reply(403, "Forbidden: bot was blocked by the user"))
    await there.moved()
    for _ in range(2):
        await desk.later(seconds=10)
    assert [leg[:2] for leg in legs(desk)] == [("telegram", "failed"), ("whatsapp", "out")]
    for _ in range(5):
        await desk.later(hours=1)
    assert [leg[:2] for leg in legs(desk)] == [("telegram", "failed"), ("whatsapp", "silent"), ("sms", "out")]
    text = desk.out(PHONE, "sms")[-1].id
    report = StatusReport(key="d", status="delivered", row=text, provider_id=f"SM{text}")
    await desk.intake.take("harif", "sms", [report])
    await desk.later(hours=1)
    assert legs(desk)[-1][:2] == ("sms", "arrived") and one(desk).state == "reached" and desk.rows("tasks") == []
    move(desk, there.reference, "pass_on", "relations_officer")
    await desk.run()
    await desk.run()
    assert "telegram" not in [leg[0] for leg in legs(desk, 1) if leg[1] == "out"], "who blocked us is let be"


async def test_when_every_address_refuses_somebody_is_asked_to_call(way: Callable[..., Any]) -> None:
    from bot.channels.contract import ContentRefused

    there = await way("whatsapp")
    there.answers(failure(400, 63024))
    there.paper.fails[HOME].append(ContentRefused("bad_request"))
    await there.moved()
    for _ in range(4):
        await there.desk.later(seconds=10)
    assert [leg[:2] for leg in legs(there.desk)] == [("whatsapp", "failed"), ("telegram", "failed"), ("phone", "out")]
    assert [(row.kind, row.why) for row in there.desk.rows("tasks")] == [("call", "exhausted")]

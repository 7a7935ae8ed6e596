"""Templates of WhatsApp: planned, pushed and asked about from the command line; paused when a send says so."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.channels.contract import StopChannel
from bot.channels.http import Http
from bot.channels.twilio_templates import wanted
from bot.channels.whatsapp import WhatsApp
from bot.commands import templates as command
from bot.commands.connect import CannotConnect
from bot.frontline import FrontLine, build
from bot.settings import read_settings
from bot.templates import ask_meta, refresh
from conversations.association.association import Association
from conversations.says import Say
from conversations.templates import KINDS
from storage import messages, templates
from storage.database import Database
from storage.ids import new_id
from storage.messages import Message
from storage.templates import Kept
from tests.bot.desk import Desk, Paper, Person, milliseconds
from tests.bot.wasl import PROFILES
from tests.channels.harness import Call, Provider, Reply, StandIn, stand_in
from tests.channels.specs import CONTENT, _operation, official, twilio_problems

ACCOUNT = "AC" + "1" * 32
EACH = len(KINDS) * 2
SID = "HX" + "a" * 32


def problems(call: Call) -> list[str]:
    document = official(CONTENT)
    if document and _operation(document, call) is None:
        return [f"{call.method} {call.path}: no such operation"]
    return twilio_problems(call)


def approval(status: str, category: str = "UTILITY", **more: str) -> Reply:
    said = {"type": "whatsapp", "name": "x", "category": category, "status": status, "rejection_reason": ""} | more
    return Reply(200, json={"sid": SID, "account_sid": ACCOUNT, "whatsapp": said})


def provides(status: str = "approved", more: Mapping[str, Reply] | None = None) -> dict[str, Reply]:
    return {
        "/v1/Content": Reply(201, json={"sid": SID}),
        "/ApprovalRequests/whatsapp": Reply(201, json={"status": "received", "category": "UTILITY"}),
        "/ApprovalRequests": approval(status),
    } | dict(more or {})


class Account:
    """A front line with WhatsApp at a stand-in; `now` puts another one in its place."""

    def __init__(self, folder: Path, associations: Mapping[str, Association]) -> None:
        self.folder, self.associations = folder, associations
        database = Database(f"sqlite:///{folder / 'wasl.sqlite'}")
        database.open()
        database.close()

    def line(self, url: str, **more: str) -> FrontLine:
        environ = {
            "WASL_DATA": str(self.folder),
            "WASL_ASSOCIATIONS": str(PROFILES),
            "WASL_PUBLIC_URL": "https://wasl.example",
            "WASL_TWILIO_API_URL": url,
            "WASL_HARIF_TWILIO_ACCOUNT_SID": ACCOUNT,
            "WASL_HARIF_TWILIO_AUTH_TOKEN": "hidden",
            "WASL_HARIF_TWILIO_WHATSAPP_FROM": "+966500000009",
        } | more
        return build(read_settings(environ), {"harif": self.associations["harif"]}, serving=False)

    async def push(self, there: Provider) -> tuple[list[str], bool, StandIn]:
        return await self._run(command.push, there)

    async def status(self, there: Provider) -> tuple[list[str], bool, StandIn]:
        return await self._run(command.status, there)

    async def _run(self, what: Callable[..., Any], there: Provider) -> tuple[list[str], bool, StandIn]:
        async with stand_in(there, problems) as provider:
            line = self.line(provider.url)
            try:
                lines, fine = await what(line, "harif")
            finally:
                line.database.close()
        assert provider.problems == []
        assert "hidden" not in "\n".join(lines)
        return lines, fine, provider

    def plan(self) -> list[str]:
        line = self.line("http://127.0.0.1:9")
        try:
            return command.plan(line, "harif")
        finally:
            line.database.close()

    def kept(self) -> dict[tuple[str, str], Kept]:
        line = self.line("http://127.0.0.1:9")
        try:
            found: dict[tuple[str, str], Kept] = line.database.read_now(templates.load, "harif")
            return found
        finally:
            line.database.close()


@pytest.fixture
def account(tmp_path: Path, associations: Mapping[str, Association]) -> Account:
    return Account(tmp_path, associations)


# --- plan, push, status -------------------------------------------------------------------------------------------


async def test_a_plan_shows_every_template_with_its_words(account: Account) -> None:
    lines = account.plan()
    assert lines[-1] == f"{EACH} to push"
    assert "+ news ar (utility)" in lines and "+ survey_invitation en (marketing)" in lines
    assert any("{{1}}" in line and "{{2}}" in line for line in lines)


async def test_a_push_makes_each_once_and_submits_it(account: Account) -> None:
    lines, fine, provider = await account.push(provides("pending"))
    assert fine and len(lines) == EACH
    made, submitted = provider.called("/v1/Content"), provider.called("/ApprovalRequests/whatsapp")
    assert len(made) == len(submitted) == EACH
    news = next(call.fields for call in made if "_news_ar_" in call.fields["friendly_name"])
    (kind,) = news["types"]
    assert (kind, news["language"]) == ("twilio/quick-reply", "ar")
    assert news["types"][kind]["actions"] == [{"type": "QUICK_REPLY", "title": "اطّلاع", "id": "0:track:{{2}}"}]
    assert news["variables"].keys() == {"1", "2"} and all(news["variables"].values())
    names = {call.fields["name"]: call.fields["category"] for call in submitted}
    assert len(names) == EACH and all(name.replace("_", "").isalnum() and name.islower() for name in names)
    assert {category for name, category in names.items() if "survey" in name} == {"MARKETING"}
    assert {one.state for one in account.kept().values()} == {"pending"}
    again, fine, provider = await account.push(provides())
    assert (again, fine, provider.calls) == (["nothing to push"], True, [])
    assert account.plan()[-1] == "nothing to push"


async def test_a_status_is_kept_and_only_what_is_approved_may_go(account: Account) -> None:
    await account.push(provides())
    lines, fine, provider = await account.status(provides("approved"))
    assert fine and len(lines) == EACH == len(provider.calls) and all(line.startswith("✓") for line in lines)
    rejected = provides(more={"/ApprovalRequests": approval("rejected", rejection_reason="TAG_CONTENT\nMISMATCH")})
    lines, fine, _ = await account.status(rejected)
    assert not fine and "TAG_CONTENT MISMATCH" in lines[0] and len(lines[0].splitlines()) == 1
    assert {one.serving for one in account.kept().values()} == {""}
    lines, fine, _ = await account.status(provides(more={"/ApprovalRequests": approval("approved", "MARKETING")}))
    assert fine and any("Meta counts it as marketing" in line for line in lines)


async def test_a_status_that_nobody_knows_changes_nothing(account: Account) -> None:
    await account.push(provides())
    for odd in (Reply(200, json={"whatsapp": {"status": "flying"}}), Reply(200, json={"whatsapp": []}), Reply(200)):
        _, fine, _ = await account.status(provides(more={"/ApprovalRequests": odd}))
        assert not fine and {one.state for one in account.kept().values()} == {"pending"}


async def test_what_failed_half_way_is_taken_up_where_it_stopped(account: Account) -> None:
    refusal = Reply(400, json={"code": 20001, "message": "'To' +966500000007"})
    lines, fine, _ = await account.push(provides(more={"/ApprovalRequests/whatsapp": refusal}))
    assert not fine and all("status 400, code 20001" in line and "+966" not in line for line in lines)
    assert {one.state for one in account.kept().values()} == {"made"}
    assert account.plan()[0].startswith("> ")
    _, fine, provider = await account.push(provides())
    assert fine and not provider.called("/v1/Content") and len(provider.calls) == EACH
    for there in (Reply(then="drop"), Reply(503), Reply(201, json=[]), Reply(201, json={"sid": None})):
        fresh = Account(account.folder / "fresh", account.associations)
        lines, fine, _ = await fresh.push(provides(more={"/v1/Content": there}))
        assert not fine and fresh.kept() == {} and len(lines) == EACH


async def test_new_words_are_submitted_while_the_old_ones_serve_on(account: Account, monkeypatch: Any) -> None:
    await account.push(provides())
    await account.status(provides("approved"))
    words = account.associations["harif"].wording["ar"]
    said = "السلام عليكم. هناك خبر من {short} عن الرقم {reference} لكم."
    monkeypatch.setitem(words.sentences, "template.news", said)
    plan = account.plan()
    assert "~ news ar (utility): approved" in plan and plan[-1] == "1 to push"
    newer = "HX" + "b" * 32
    await account.push(provides("pending", {"/v1/Content": Reply(201, json={"sid": newer})}))
    one = account.kept()["news", "ar"]
    assert (one.state, one.provider_id, one.serving) == ("pending", newer, SID)
    await account.status(provides("approved"))
    assert account.kept()["news", "ar"].serving == newer


async def test_without_whatsapp_there_is_nothing_to_push(account: Account) -> None:
    line = account.line("http://127.0.0.1:9", WASL_PUBLIC_URL="")
    try:
        with pytest.raises(CannotConnect, match="WhatsApp is off"):
            await command.push(line, "harif")
    finally:
        line.database.close()


@pytest.mark.parametrize("slug", ["mastoura", "ruhama", "harif", "saudi-exhibitions", "bena-jazan"])
def test_every_association_has_words_that_fit(slug: str, associations: Mapping[str, Association]) -> None:
    for language in associations[slug].wording:
        for kind in KINDS:
            one = wanted(associations[slug], kind, language)
            assert 20 < len(one.words) <= 512 and all(0 < len(sample) <= 120 for sample in one.samples.values())


# --- rounds -------------------------------------------------------------------------------------------------------


async def test_every_process_learns_what_was_approved_elsewhere(account: Account) -> None:
    await account.push(provides())
    async with stand_in(provides("approved"), problems) as provider:
        line = account.line(provider.url)
        channel = line.channels["harif", "whatsapp"]
        assert isinstance(channel, WhatsApp)
        await refresh(line.database, line.channels)
        assert not channel.has_template("news", "ar")
        await ask_meta(line.database, line.channels, 1_790_000_000_000)
        await refresh(line.database, line.channels)
        assert channel.has_template("news", "ar") and channel.has_template("appointment", "en")
        asked = len(provider.calls)
        await ask_meta(line.database, line.channels, 1_790_000_001_000)
        assert asked == EACH == len(provider.calls), "what is decided is not asked about again"
        await line.http.close()
        line.database.close()
    assert provider.problems == []


async def test_a_meta_that_does_not_answer_is_asked_again_later(account: Account) -> None:
    await account.push(provides())
    line = account.line("http://127.0.0.1:9")
    await ask_meta(line.database, line.channels, 1_790_000_000_000)
    await line.http.close()
    line.database.close()
    assert {one.state for one in account.kept().values()} == {"pending"}


# --- a send that fails --------------------------------------------------------------------------------------------


class Refusing(Paper):
    """WhatsApp as far as a template is concerned."""

    def refusal(self, code: str) -> StopChannel:
        return StopChannel(code)


@pytest.fixture
def there(make_desk: Callable[..., Desk]) -> Desk:
    desk = make_desk((Refusing("harif", "whatsapp"),))
    about = ("harif", "news", "ar")
    desk.do(templates.made, *about, "d", SID, "utility", 1)
    desk.do(templates.stands, desk.ask(templates.load, "harif")["news", "ar"], "approved", "", "", 1)
    return desk


async def send_news(desk: Desk, fails: StopChannel | None) -> int:
    """News as a template to somebody who wrote once; its row."""
    noura = Person(desk, "+966500000007", "whatsapp")
    await noura.say("السلام عليكم")
    if fails is not None:
        desk.channels["harif", "whatsapp"].fails[""].append(fails)
    say = Say(text="لكم خبر", template="news", values={"1": "حارف", "2": "HRF-1"}, lane="notice")
    row = Message(
        "harif", new_id(), desk.id_of(noura.handle, "whatsapp"), 900, "whatsapp", "out", "notice", "say",
        milliseconds(desk.now), desk.intake_encode(say), state="queued",
    )  # fmt: skip
    desk.do(messages.insert_all, desk.vault, [row])
    await desk.delivery.leftovers()
    await desk.settle()
    return row.id


def stands(desk: Desk) -> tuple[str, str, str]:
    one = desk.ask(templates.load, "harif")["news", "ar"]
    return one.state, one.why, one.serving


@pytest.mark.parametrize("code", ["63027", "63028", "63041"])
async def test_a_template_that_fails_is_paused_and_somebody_hears_of_it(there: Desk, code: str) -> None:
    looked = []
    there.delivery.template_paused = lambda: looked.append(code)  # type: ignore[method-assign]
    await send_news(there, StopChannel(code))
    assert stands(there) == ("paused", code, "") and looked == [code]
    assert there.alarms() == {"template_paused": 1, "not_delivered_notice": 1}
    assert there.states("+966500000007", "whatsapp")[-1] == "failed"


@pytest.mark.parametrize("code", ["63027", "63028", "63041"])
async def test_a_template_that_fails_afterwards_is_paused_too(there: Desk, code: str) -> None:
    from bot.channels.contract import StatusReport

    row = await send_news(there, None)
    assert stands(there)[0] == "approved"
    report = StatusReport(key=f"x:{code}", status="failed", row=row, code=code)
    await there.intake.take("harif", "whatsapp", [report])
    await there.settle()
    assert stands(there) == ("paused", code, "")
    assert there.alarms() == {"template_paused": 1, "not_delivered_notice": 1}


async def test_credentials_that_fail_pause_no_template(there: Desk) -> None:
    await send_news(there, StopChannel("20003"))
    assert stands(there)[0] == "approved" and "template_paused" not in there.alarms()


async def test_a_place_with_two_lines_never_reaches_twilio(there: Desk) -> None:
    http = Http()
    async with stand_in(Reply(201, json={"sid": "SM" + "1" * 32})) as provider:
        channel = WhatsApp("harif", ACCOUNT, "x", "+966500000009", "https://w.example", http, None, provider.url)  # type: ignore[arg-type]
        channel.approved = {("news", "ar"): SID}
        there.channels["harif", "whatsapp"].send = channel.send
        say = Say(text="لكم خبر", template="news", values={"1": "حارف", "2": "سطر\nوسطر"}, lane="notice")
        noura = Person(there, "+966500000007", "whatsapp")
        await noura.say("السلام عليكم")
        before = len(provider.calls)
        row = Message(
            "harif", new_id(), there.id_of(noura.handle, "whatsapp"), 900, "whatsapp", "out", "notice", "say",
            milliseconds(there.now), there.intake_encode(say), state="queued",
        )  # fmt: skip
        there.do(messages.insert_all, there.vault, [row])
        await there.delivery.leftovers()
        await there.settle()
        assert len(provider.calls) == before
    line = there.out("+966500000007", "whatsapp")[-1]
    assert (line.state, line.error) == ("failed", "template_variable")
    assert stands(there)[0] == "approved"
    await http.close()

"""E-mail end to end: somebody writes a mail, it comes in by the door, and the answer reaches a relay; what bounces is
known, what stops us stops us, and nothing comes in that nobody may bring."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from starlette.applications import Starlette

from bot import metrics
from bot.channels.contract import Content
from bot.channels.email import Email, Keys
from bot.frontline import build
from bot.mail import Relay
from bot.settings import read_settings
from bot.ways_out import link
from bot.web.email import LIMIT, MailIn
from bot.web.ports import Site
from bot.web.public import PublicPages
from conversations.course import course
from conversations.events import Media, Text
from conversations.says import Attachment, Say
from storage.database import DatabaseAway
from storage.schema import conversations as conversations_table
from storage.vault import Vault
from tests.bot.desk import PDF, PUBLIC, Desk, Paper, Person
from tests.bot.test_notices import move
from tests.bot.wasl import PROFILES
from tests.channels.smtp import DROP, Post, post_office
from tests.channels.test_email_incoming import REPORT

NOURA, HARIF, SECRET = "noura@mail.example", "help@harif.example", "the-secret-of-the-pipe"
ANSWERS = {"Authorization": f"Bearer {SECRET}", "Content-Type": "message/rfc822"}


PAPERS = ("document", "photo", "paper_or_words")


class Written(Email):
    """Writes down what it is told to send, so that `Person` can go on from it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.says: list[Say] = []

    async def send(self, handle: str, say: Say, row: int, attachment: Content | None = None) -> str:
        self.says.append(say)
        return await super().send(handle, say, row, attachment)


class Letters:
    """The channel before a relay, behind the real door and the public pages."""

    def __init__(self, desk: Desk, post: Post, client: httpx.AsyncClient, channel: Email) -> None:
        self.desk, self.post, self.client, self.channel, self.number = desk, post, client, channel, 0

    async def bring(self, raw: bytes, path: str = "/email/harif", **headers: str) -> int:
        answer = await self.client.post(path, content=raw, headers=ANSWERS | headers)
        await self.desk.settle()
        return answer.status_code

    def mail(
        self, text: str, *files: tuple[str, bytes], sender: str = NOURA, subject: str = "", answers: int | None = -1
    ) -> EmailMessage:
        """As an answer to the last of ours that they got, else to this row, or (None) to nothing."""
        self.number += 1
        mine = [] if answers is None else [one.message["Message-ID"] for one in self.post.taken if one.to == sender]
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = f"نورة السالم <{sender}>", HARIF, subject or "Re: رسالة"
        message["Message-ID"] = f"<{self.number}@mail.example>"
        if answers is not None and answers >= 0:
            message["In-Reply-To"] = f"<{self.channel.keys.name_of(answers)}@harif.example>"
        elif mine:
            message["In-Reply-To"] = mine[-1]
        message.set_content(text)
        for name, data in files:
            message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
        return message

    async def write(self, text: str, *files: tuple[str, bytes], **more: Any) -> None:
        assert await self.bring(self.mail(text, *files, **more).as_bytes(policy=SMTP)) == 200

    async def bounce(self, row: int, action: str = "failed", status: str = "5.1.1", name: str = "") -> int:
        given = {"envelope": "", "diagnostic": "none", "returned": "message/rfc822", "action": action, "status": status}
        id = f"<{name or self.channel.keys.name_of(row)}@harif.example>"
        return await self.bring(REPORT.format(id=id, **given).replace("\n", "\r\n").encode())

    def answers(self) -> list[str]:
        """What the relay took, as words, without our footer."""
        found = []
        for one in self.post.taken:
            body: Any = one.message.get_body(("plain",))
            found.append(str(body.get_content()).partition("\n-- \n")[0])
        return found

    def states(self) -> list[str]:
        return self.desk.states(NOURA, "email")

    def rows(self) -> list[Any]:
        return self.desk.out(NOURA, "email")


@pytest.fixture
async def make(make_desk: Callable[..., Desk], associations: Any, vault: Vault) -> AsyncIterator[Any]:
    async with AsyncExitStack() as stack:

        async def make(telegram: Paper | None = None, **answers: Any) -> Letters:
            post = await stack.enter_async_context(post_office(answers))
            one, relay = associations["harif"], Relay(post.url, seconds=5)
            names = {each: (one.profile.name.to(each), one.profile.short_name.to(each)) for each in ("ar", "en")}
            way = lambda row: link(vault, PUBLIC, "harif", row)  # noqa: E731
            channel = Written("harif", HARIF, names, one.wording, relay, Keys(vault, "harif"), way, SECRET)
            stack.push_async_callback(channel.close)
            desk = make_desk((channel, telegram) if telegram else (channel,))
            stack.push_async_callback(desk.settle)
            site = Site(associations=associations, public_url=PUBLIC, clock=lambda: desk.now)
            door = MailIn(desk.house, site, desk.channels)
            app = Starlette(routes=[*door.routes(), *PublicPages(desk.house, site).routes()])
            client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC)
            await stack.enter_async_context(client)
            return Letters(desk, post, client, channel)

        yield make


@pytest.fixture
async def letters(make: Any) -> Letters:
    made: Letters = await make()
    return made


def refused(why: str) -> float:
    return float(metrics.refused.labels("email", why)._value.get())


# --- a conversation --------------------------------------------------------------------------------------------------


async def test_somebody_writes_a_mail_and_gets_an_answer_and_answers_it(letters: Letters) -> None:
    await letters.write("السلام عليكم", subject="سلام")
    first = letters.answers()
    assert "وعليكم السلام" in first[0] and "\n1. " in first[-1]
    assert {one.to for one in letters.post.taken} == {NOURA}
    quoted = "\n".join(f"> {line}" for line in first[-1].splitlines())
    await letters.write(f"1\n\nOn Sun, Nov 22, 2026 at 10:00 AM Harif <{HARIF}> wrote:\n{quoted}\n")
    assert letters.desk.where(NOURA, "email").open is not None
    assert len(letters.answers()) > len(first) and set(letters.states()) == {"accepted"}
    assert letters.desk.heard(NOURA, "email")[-1].text == "1"  # type: ignore[union-attr]


async def test_an_identity_is_asked_on_the_secure_page_alone(letters: Letters) -> None:
    await letters.write("هويتي 1012345672")
    assert "1012345672" not in str(letters.desk.heard(NOURA, "email")) + "".join(letters.answers())


async def test_the_same_mail_twice_is_one_however_its_way_was(letters: Letters) -> None:
    message = letters.mail("مرحبا", ("a.pdf", PDF))
    raw = message.as_bytes(policy=SMTP)
    assert [await letters.bring(raw), await letters.bring(b"Received: from b\r\n" + raw)] == [200, 200]
    assert len([one for one in letters.desk.heard(NOURA, "email") if isinstance(one, Media)]) == 1
    assert len(letters.desk.rows("files")) == 1


async def test_files_are_kept_before_the_relay_hears_that_they_are(letters: Letters) -> None:
    await letters.write("هذه أوراقي", ("هوية.pdf", PDF), ("صك.pdf", PDF + b"2"))
    heard = [one for one in letters.desk.heard(NOURA, "email") if isinstance(one, Media)]
    assert [(one.name, one.caption) for one in heard] == [("هوية.pdf", "هذه أوراقي"), ("صك.pdf", "")]
    assert heard[0].album and heard[0].album == heard[1].album
    assert [letters.desk.blobs.get("harif", int(one.file)) for one in heard] == [PDF, PDF + b"2"]
    assert {row.state for row in letters.desk.rows("files")} == {"ready"}
    await letters.desk.rounds.fetch_files()
    assert {row.state for row in letters.desk.rows("files")} == {"ready"}


async def test_a_whole_request_by_mail_to_its_receipt(letters: Letters) -> None:
    await letters.write("السلام عليكم")
    reference = await Person(letters.desk, NOURA, "email").apply()
    assert any(reference in text for text in letters.answers())
    receipts = [part for one in letters.post.taken for part in one.message.iter_attachments()]
    assert receipts and receipts[0].get_content_type() == "application/pdf"


async def test_an_address_named_elsewhere_is_asked_there_and_its_owner_answers(
    make: Any, make_desk: Callable[..., Desk]
) -> None:
    """However it was typed: mail from there comes in small letters."""
    letters: Letters = await make(telegram=Paper("harif"))
    elsewhere = Person(letters.desk, "7001")
    await elsewhere.open("complain")
    await elsewhere.finish(agreed_channel="email", email=NOURA.replace("n", "N"))
    await letters.desk.run()
    (asked,) = letters.answers()
    assert {one.to for one in letters.post.taken} == {NOURA} and "1. " in asked
    await letters.write("1")
    (heard,) = letters.desk.heard(NOURA, "email")
    assert isinstance(heard, Text) and heard.text == "1"
    (row,) = [one for one in letters.desk.rows("conversations") if one.channel == "email"]
    assert row.proven_at is not None


async def test_a_paper_that_was_asked_for_comes_by_mail(letters: Letters) -> None:
    """At the question for a paper, the attached one is the answer."""
    await letters.write("السلام عليكم")
    noura = Person(letters.desk, NOURA, "email")
    await noura.open("complain")
    asked = ""
    for _ in range(40):
        draft = noura.where.open
        assert draft is not None, "no paper was asked for"
        step = course(letters.desk.associations["harif"], draft.flow, draft.subject).by_id[draft.step]
        if not draft.form and draft.confirm is None and step.answer is not None and step.answer.kind in PAPERS:
            asked = step.id
            break
        await noura.go_on()
    await letters.write("\n", ("صورة.pdf", PDF))
    await letters.desk.later(seconds=30)
    assert noura.where.open is not None
    assert asked in noura.where.open.answers


async def test_a_file_too_large_is_answered_kindly(letters: Letters) -> None:
    await letters.write("السلام عليكم")
    before = len(letters.answers())
    await letters.write("أوراقي", ("big.pdf", PDF + bytes(5000)))
    (heard,) = [one for one in letters.desk.heard(NOURA, "email") if isinstance(one, Media)]
    assert heard.caption == "أوراقي" and letters.desk.rows("files") == []
    assert len(letters.answers()) > before


async def test_a_receipt_is_attached(letters: Letters) -> None:
    receipt = Content("إيصال.pdf", "application/pdf", PDF)
    await letters.channel.send(NOURA, Say(text="إيصالكم", file=Attachment("receipt:x", "إيصال.pdf")), 5, receipt)
    (part,) = letters.post.taken[0].message.iter_attachments()
    assert part.get_content() == PDF


async def test_a_machine_gets_no_answer(letters: Letters) -> None:
    message = letters.mail("أنا في إجازة")
    message["Auto-Submitted"] = "auto-replied"
    assert await letters.bring(message.as_bytes(policy=SMTP)) == 200
    assert letters.post.taken == [] and letters.desk.rows("conversations") == []


# --- whose address it is ---------------------------------------------------------------------------------------------


def proven(letters: Letters) -> bool:
    (row,) = [one for one in letters.desk.rows("conversations") if one.channel == "email"]
    return row.proven_at is not None


async def test_a_mail_that_anybody_can_have_written_proves_nothing_and_an_answer_to_ours_does(letters: Letters) -> None:
    await letters.write("السلام عليكم")
    await letters.write("1", answers=None)
    assert letters.answers() and not proven(letters)
    await letters.write("1")
    assert proven(letters)


async def test_an_answer_to_what_somebody_else_got_proves_nothing(letters: Letters) -> None:
    """A forger has mails of ours too, under an address of their own."""
    await letters.write("السلام عليكم", sender="forger@mail.example")
    theirs = letters.desk.out("forger@mail.example", "email")[-1].id
    await letters.write("السلام عليكم", answers=theirs)
    assert [one.proven_at for one in letters.desk.rows("conversations")] == [None, None]


async def test_no_case_news_goes_to_an_address_that_nobody_has_proven(letters: Letters) -> None:
    letters.channel._authserv = "mx.harif.example"
    checked = b"Authentication-Results: mx.harif.example; spf=none\r\n"
    raw = letters.mail("السلام عليكم").as_bytes(policy=SMTP)
    await letters.bring(checked + raw)
    reference = await Person(letters.desk, NOURA, "email").apply()
    sent = len(letters.post.taken)
    unproven = update(conversations_table).values(proven_at=None)
    letters.desk.do(lambda c: c.execute(unproven))
    move(letters.desk, reference, "verify", "relations_officer")
    await letters.desk.run()
    assert len(letters.post.taken) == sent
    leg = letters.desk.rows("legs")[0]
    assert (leg.channel, leg.state, leg.why) == ("email", "skipped", "not_proven")
    assert [row.kind for row in letters.desk.rows("tasks")] == ["call"]
    await letters.bring(
        b"Authentication-Results: mx.harif.example; dmarc=pass\r\n"
        + letters.mail("مرحبا", answers=None).as_bytes(policy=SMTP)
    )
    sent = len(letters.post.taken)
    move(letters.desk, reference, "pass_on", "relations_officer")
    await letters.desk.run()
    assert len(letters.post.taken) == sent + 1


async def test_a_forged_yes_does_not_make_an_address_somebody_elses(make: Any) -> None:
    letters: Letters = await make(telegram=Paper("harif"))
    forger = Person(letters.desk, "7001")
    await forger.open("complain")
    await forger.finish(agreed_channel="email", email=NOURA)
    await letters.desk.run()
    await letters.write("1", answers=None)
    assert not proven(letters) and "الرسالة نفسها" in letters.answers()[-1]
    assert len({row.beneficiary for row in letters.desk.rows("conversations")}) == 2
    await letters.write("1")  # whoever has it answers the mail itself
    assert proven(letters) and len({row.beneficiary for row in letters.desk.rows("conversations")}) == 1


async def test_another_address_of_the_same_kind_is_asked_too(letters: Letters) -> None:
    await letters.write("السلام عليكم")
    noura = Person(letters.desk, NOURA, "email")
    for choice in ("/mydata", "channel", "email"):
        await noura.press(choice)
    await letters.write("elsewhere@mail.example")
    await letters.desk.run()
    assert "elsewhere@mail.example" in {one.to for one in letters.post.taken}


@pytest.mark.parametrize("genuine", [True, False])
async def test_only_who_answers_ours_leads_news_to_another_address(letters: Letters, genuine: bool) -> None:
    await letters.write("السلام عليكم")
    noura = Person(letters.desk, NOURA, "email")
    await noura.press("/mydata")
    await noura.press("channel")
    await noura.press("sms")
    await letters.write("0501234567", answers=-1 if genuine else None)
    assert [row.channel for row in letters.desk.rows("conversations")] == ["email", *(["sms"] if genuine else [])]
    assert ("الرسالة نفسها" in letters.answers()[-1]) is not genuine


@pytest.mark.parametrize("genuine", [True, False])
async def test_a_free_answer_that_waits_its_quiet_seconds_moves_a_case_only_for_who_answers_ours(
    letters: Letters, genuine: bool
) -> None:
    await letters.write("السلام عليكم")
    noura = Person(letters.desk, NOURA, "email")
    reference = await noura.apply()
    for name in ("verify", "pass_on"):
        move(letters.desk, reference, name, "relations_officer")
    why = {"reason": "لا تنطبق الشروط", "help": "عون"}
    move(letters.desk, reference, "refuse", "committee", given=why, confirmed=True)
    await letters.desk.run()
    await noura.press(f"move:object-{reference}")
    await letters.write("قدّمت ورقة لم تنظروا فيها", answers=-1 if genuine else None)
    await letters.desk.later(seconds=30)
    (case,) = letters.desk.rows("cases")
    assert (case.stage == "with_committee") is genuine
    assert ("الرسالة نفسها" in letters.answers()[-1]) is not genuine


# --- what became of ours ---------------------------------------------------------------------------------------------


async def test_a_bounce_fails_its_row_and_gives_the_address_up_until_they_write(letters: Letters) -> None:
    await letters.write("السلام عليكم")
    row = letters.rows()[-1].id
    assert await letters.bounce(row) == 200
    await letters.desk.settle()
    assert letters.states()[-1] == "failed"
    assert letters.desk.where(NOURA, "email").unreachable == "mail_no_mailbox"
    await letters.write("أنا هنا")
    assert letters.desk.where(NOURA, "email").unreachable == "" and letters.states()[-1] == "accepted"


async def test_a_full_mailbox_fails_its_row_alone_and_somebody_hears_of_it(letters: Letters) -> None:
    await letters.write("السلام عليكم")
    await letters.bounce(letters.rows()[-1].id, status="5.2.2")
    await letters.desk.settle()
    line = letters.rows()[-1]
    assert (line.state, line.error) == ("failed", "mail_full")
    assert letters.desk.where(NOURA, "email").unreachable == ""
    assert "not_delivered_dialogue" in letters.desk.alarms()


async def test_reports_come_late_twice_and_for_rows_that_are_none(letters: Letters) -> None:
    await letters.write("السلام عليكم")
    row = letters.rows()[-1].id
    for action, status in (("delayed", "4.4.1"), ("delivered", "2.0.0"), ("failed", "5.1.1"), ("delivered", "2.0.0")):
        assert await letters.bounce(row, action, status) == 200
    assert letters.states()[-1] == "delivered"
    assert await letters.bounce(row + 1) == 200
    assert await letters.bounce(0, name=f"{letters.rows()[0].id}.{'0' * 16}") == 200
    assert letters.states()[0] != "failed"


async def test_doubt_is_sent_once_more_under_the_same_name_and_says_so(make: Any) -> None:
    letters: Letters = await make(BODY=(DROP, "250 ok"))
    await letters.write("السلام عليكم")
    await letters.desk.later(minutes=2)
    await letters.desk.later(minutes=2)
    assert letters.states()[0] in ("accepted", "uncertain")
    ids = [str(one.message["Message-ID"]) for one in letters.post.taken]
    assert letters.channel.keys.row_of(ids[0].strip("<>").partition("@")[0]) == letters.rows()[0].id
    assert any("وصل" in text for text in letters.answers()[:1])


async def test_a_busy_relay_is_asked_again(make: Any) -> None:
    letters: Letters = await make(RCPT=("451 4.3.0 later", "250 ok"))
    await letters.write("السلام عليكم")
    assert "queued" in letters.states()
    for _ in range(3):
        await letters.desk.later(seconds=30)
    assert set(letters.states()) == {"accepted"}


async def test_a_password_that_is_refused_stops_the_account_and_rings(make: Any) -> None:
    letters: Letters = await make(MAIL="530 5.7.0 sign in")
    await letters.write("السلام عليكم")
    assert "queued" in letters.states() and "failed" not in letters.states()
    assert "channel_stopped" in letters.desk.alarms()


# --- the way out -----------------------------------------------------------------------------------------------------


async def test_the_word_that_each_mail_names_stops_us(letters: Letters) -> None:
    await letters.write("السلام عليكم")
    await letters.write("إيقاف", subject="Re: رسالة")
    assert letters.desk.where(NOURA, "email").stopped
    assert "ابدأ" in letters.answers()[-1]


async def test_the_button_of_a_mail_program_stops_us_by_mail_and_by_one_click(letters: Letters) -> None:
    await letters.write("السلام عليكم")
    header = " ".join(str(letters.post.taken[-1].message["List-Unsubscribe"]).split())
    found = re.search(rf"<{PUBLIC}(/[^>]+)>", header)
    assert found is not None
    looked = await letters.client.get(found[1])
    assert looked.status_code == 200 and not letters.desk.where(NOURA, "email").stopped
    clicked = await letters.client.post(found[1], data={"List-Unsubscribe": "One-Click"})
    await letters.desk.settle()
    assert clicked.status_code == 200 and letters.desk.where(NOURA, "email").stopped
    await letters.write("ابدأ")
    assert not letters.desk.where(NOURA, "email").stopped
    from urllib.parse import unquote

    word = re.search(r"subject=([^>]+)>", header)
    assert word is not None
    await letters.write("\n", subject=unquote(word[1]), answers=None)
    assert letters.desk.where(NOURA, "email").stopped


# --- the door --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "headers", "raw", "status", "why"),
    [
        ("/email/harif", {"Authorization": "Bearer wrong"}, b"From: a@b.sa\r\n\r\nx", 403, "signature"),
        ("/email/harif", {"Authorization": ""}, b"From: a@b.sa\r\n\r\nx", 403, "signature"),
        ("/email/ruhama", {}, b"From: a@b.sa\r\n\r\nx", 404, "unknown"),
        ("/email/nobody", {}, b"From: a@b.sa\r\n\r\nx", 404, "unknown"),
        ("/email/harif", {"Content-Type": "application/json"}, b"{}", 415, "content_type"),
        ("/email/harif", {}, b"no mail", 400, "unparseable"),
        ("/email/harif", {"Content-Length": str(LIMIT + 1)}, b"x", 413, "too_large"),
    ],
)
async def test_what_may_not_come_in_is_refused_and_counted(
    letters: Letters, path: str, headers: dict[str, str], raw: bytes, status: int, why: str
) -> None:
    before = refused(why)
    assert await letters.bring(raw, path, **headers) == status
    assert refused(why) == before + 1
    assert letters.desk.rows("messages") == [] and letters.desk.rows("conversations") == []


async def test_a_database_that_is_away_has_the_relay_try_again_and_nothing_is_lost(
    letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = letters.mail("مرحبا", ("a.pdf", PDF)).as_bytes(policy=SMTP)

    async def away(*_: Any) -> Any:
        raise DatabaseAway

    with monkeypatch.context() as patch:
        patch.setattr(letters.desk.database, "read", away)
        patch.setattr(letters.desk.database, "write", away)
        answer = await letters.client.post("/email/harif", content=raw, headers=ANSWERS)
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert await letters.bring(raw) == 200
    assert [one for one in letters.desk.heard(NOURA, "email") if isinstance(one, Media)]


# --- its settings ----------------------------------------------------------------------------------------------------


def built(tmp_path: Any, associations: Any, **environ: str) -> Any:
    given = {"WASL_DATA": str(tmp_path), "WASL_ASSOCIATIONS": str(PROFILES)} | environ
    return build(read_settings(given), {"harif": associations["harif"]})


RELAY = {"WASL_SMTP_URL": "smtp+plain://localhost:25", "WASL_MAIL_FROM": "desk@harif.example"}


def test_an_address_and_a_relay_turn_it_on(tmp_path: Any, associations: Any) -> None:
    more = {"WASL_PUBLIC_URL": PUBLIC, "WASL_HARIF_EMAIL_FROM": "Help@Harif.example", "WASL_HARIF_EMAIL_RATE": "3"}
    line = built(tmp_path, associations, **RELAY, **more)
    channel = line.channels["harif", "email"]
    assert channel.address == HARIF and line.delivery.rates["harif", "email"].per_second == 3
    assert not channel.verify({"authorization": "Bearer "}, "", b"")  # without a secret nobody brings mail
    line.database.close()


@pytest.mark.parametrize("missing", ["WASL_PUBLIC_URL", "WASL_HARIF_EMAIL_FROM"])
def test_what_is_missing_is_named(tmp_path: Any, associations: Any, missing: str) -> None:
    more = {"WASL_PUBLIC_URL": PUBLIC, "WASL_HARIF_EMAIL_FROM": HARIF} | {missing: ""}
    line = built(tmp_path, associations, **RELAY, **more)
    assert ("harif", "email") not in line.channels
    assert any("e-mail is off" in one and missing in one for one in line.off)
    line.database.close()

"""The person's own page: lent where nobody doubts who writes, opened once, shown for an hour on one device."""

import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from bot.own_page import OwnPages
from bot.web.own_page import COOKIE, OwnPageRoutes
from bot.web.ports import Site
from conversations.events import Contact
from conversations.says import Link
from storage import forms, notices
from storage.schema import forms as forms_table
from storage.vault import digest_token
from tests.bot.desk import PUBLIC, Desk, Paper, Person, milliseconds
from tests.bot.test_notices import legs, move, one

GIVEN: dict[str, Any] = {"answers": {}, "given": {"reason": "لم تكتمل الشروط", "help": "يمكنكم التقدم مرة أخرى"}}


@pytest.fixture
def others() -> dict[str, Paper]:
    return {name: Paper("harif", name) for name in ("whatsapp", "sms", "email")}


class Phone:
    """A browser without scripts on a device of its own."""

    def __init__(self, desk: Desk) -> None:
        self.site = Site(associations=desk.associations, public_url=PUBLIC, clock=lambda: desk.now)
        app = Starlette(routes=OwnPageRoutes(OwnPages(desk.intake), self.site).routes())
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC)

    async def get(self, link: str) -> httpx.Response:
        return await self.client.get(link)

    async def press(self, link: str, **fields: str) -> httpx.Response:
        return await self.client.post(link, data=fields)


@pytest.fixture
async def phone(desk: Desk) -> AsyncIterator[Phone]:
    made = Phone(desk)
    yield made
    await made.client.aclose()


@pytest.fixture
async def other(desk: Desk) -> AsyncIterator[Phone]:
    made = Phone(desk)
    yield made
    await made.client.aclose()


def words(answer: httpx.Response) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text))).strip()


def link_in(paper: Paper) -> str:
    link = paper.says[-1].link
    assert isinstance(link, Link)
    assert link.private
    return link.url


async def asks(noura: Person, paper: Paper) -> str:
    """«صفحتي»; the link."""
    await noura.say("صفحتي")
    return link_in(paper)


async def test_a_link_is_asked_for_by_a_word_and_holds_nothing_but_a_token(
    desk: Desk, noura: Person, paper: Paper
) -> None:
    reference = await noura.apply()
    link = await asks(noura, paper)
    assert re.fullmatch(rf"{PUBLIC}/harif/mine/[A-Za-z0-9_-]{{24}}", link)
    assert reference not in link and "هذه صفحتكم" in noura.told[-1]
    token = link.rpartition("/")[2]
    kept = desk.rows("forms")
    assert [bytes(row.token_digest) for row in kept if row.steps == "[]"] == [digest_token(token)]
    assert token not in repr(kept)
    assert desk.ask(forms.by_token, "harif", token) is None, "no form is behind it"
    await noura.say("my page")
    assert link_in(paper) != link


async def test_looking_uses_nothing_up_and_the_press_that_opens_it_does(
    desk: Desk, noura: Person, paper: Paper, phone: Phone, other: Phone
) -> None:
    reference = await noura.apply()
    link = await asks(noura, paper)
    for _ in range(3):
        before = await phone.get(link)
        assert before.status_code == 200 and "فتح صفحتي" in before.text and reference not in before.text
        assert "set-cookie" not in before.headers
    opened = await phone.press(link)
    assert opened.status_code == 200 and reference in opened.text
    cookie = opened.headers["set-cookie"]
    path = link.removeprefix(PUBLIC)
    for mark in ("HttpOnly", "SameSite=lax", "Max-Age=3600", f"Path={path}", "Secure"):
        assert mark in cookie
    for answer in (before, opened):
        assert answer.headers["cache-control"] == "no-store" and "noindex" in answer.headers["x-robots-tag"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "<script" not in answer.text and "script-src" not in answer.headers["content-security-policy"]
    assert reference in (await phone.get(link)).text, "again on the same device"
    for answer in (await other.get(link), await other.press(link)):
        assert answer.status_code == 410 and "أرسلوا لي رابطًا جديدًا" in answer.text and reference not in answer.text
    desk.now += timedelta(minutes=61)
    assert (await phone.get(link)).status_code == 410


async def test_a_link_is_over_after_two_days_and_a_made_up_mark_opens_nothing(
    desk: Desk, noura: Person, paper: Paper, phone: Phone
) -> None:
    reference = await noura.apply()
    first, second = await asks(noura, paper), await asks(noura, paper)
    await phone.press(first)
    mark = phone.client.cookies.get(COOKIE) or ""
    until, _, proof = mark.partition(".")
    for made in (mark, f"{int(until) + 9}.{proof}", f"{until}.", "9999999999999.0", "é.x", "x"):
        answer = await phone.client.get(second, headers={b"cookie": f"{COOKIE}={made}".encode()})
        assert reference not in answer.text and "فتح صفحتي" in answer.text, made
    desk.now += timedelta(hours=49)
    for answer in (await phone.get(second), await phone.press(second)):
        assert answer.status_code == 410 and "انتهى وقت هذا الرابط" in answer.text
    unknown = await phone.get(f"{PUBLIC}/harif/mine/{'a' * 24}")
    assert unknown.status_code == 404 and "لا توجد صفحة هنا" in unknown.text
    assert (await phone.get(second.replace("/harif/", "/ruhama/"))).status_code == 404


async def test_it_says_where_a_case_stands_the_promise_in_both_calendars_and_what_was_told(
    desk: Desk, noura: Person, paper: Paper, phone: Phone
) -> None:
    reference = await noura.apply()
    move(desk, reference, "verify", "relations_officer")
    await desk.run()
    said = noura.told[-1]
    link = await asks(noura, paper)
    page = words(await phone.press(link))
    stage = desk.associations["harif"].wording["ar"]("stage.request.verifying")
    assert reference in page and stage in page
    assert re.search(r"٢٠٢٦م \([^)]*١٤٤٨هـ\)", page), "both calendars"
    assert said.splitlines()[0] in page and "أخبرناكم عبر: تلغرام" in page
    assert "ما حدث ومتى" in page and "الأحد ٢٢ نوفمبر" in page


async def refused(desk: Desk, reference: str) -> None:
    for name, who in (("verify", "relations_officer"), ("pass_on", "relations_officer")):
        move(desk, reference, name, who)
    desk.now += timedelta(days=1)
    move(desk, reference, "refuse", "committee", **GIVEN)
    await desk.run()


async def test_a_refusal_stands_there_closed_until_it_is_pressed_open_and_then_it_was_opened(
    desk: Desk, noura: Person, paper: Paper, phone: Phone
) -> None:
    reference = await noura.apply()
    await refused(desk, reference)
    await desk.later(minutes=2)
    assert noura.where.news
    assert one(desk, -1).state == notices.UNOPENED
    link = await asks(noura, paper)
    closed = await phone.press(link)
    assert reference in closed.text and "عرض التفاصيل" in closed.text and "هناك جديد لكم" in closed.text
    assert "لم تكتمل الشروط" not in closed.text and "نعتذر" not in words(closed)
    assert noura.where.news, "not yet read"
    shown = await phone.press(link, case=reference)
    assert "لم تكتمل الشروط" in shown.text
    assert noura.where.news == {}
    told = len(noura.told)
    again = await phone.get(link)
    assert "لم تكتمل الشروط" not in again.text, "closed again: somebody may look over their shoulder"
    assert "لم تكتمل الشروط" in (await phone.press(link, case=reference)).text
    await desk.later(days=3)
    assert one(desk, -1).state == notices.REACHED and one(desk, -1).why == "opened"
    assert [row.kind for row in desk.rows("tasks")] == [] and len(noura.told) == told


async def test_a_complaint_is_closed_and_anothers_reference_opens_nothing(
    desk: Desk, noura: Person, paper: Paper, phone: Phone
) -> None:
    mine = await noura.complain()
    stranger = Person(desk, "7009")
    theirs = await stranger.apply()
    link = await asks(noura, paper)
    page = await phone.press(link)
    assert mine in page.text and "شكوى" not in words(page).partition(mine)[2][:80]
    for tried in (theirs, "HRF-2222-2222", "x", "'"):
        answer = await phone.press(link, case=tried)
        assert answer.status_code == 200 and theirs not in answer.text
    assert "شكوى" in (await phone.press(link, case=mine)).text


async def test_where_it_is_doubted_who_writes_no_link_is_lent_and_none_opens(
    desk: Desk, noura: Person, paper: Paper, phone: Phone
) -> None:
    await noura.apply()
    link = await asks(noura, paper)
    await phone.press(link)
    await noura.press("/shared_phone")
    await noura.finish()
    assert "لا نعرض هذه الصفحة الآن" in (await phone.get(link)).text
    await noura.say("صفحتي")
    assert paper.says[-1].link is None and "أكثر من شخص" in "".join(noura.told[-2:])
    silent = Person(desk, "7002")
    await silent.apply()
    old = await asks(silent, paper)
    desk.now += timedelta(days=200)
    await silent.say("صفحتي")
    assert "/mine/" not in str(paper.says[-1]) and "مضى وقت طويل" in silent.told[-1]
    assert (await phone.press(old)).status_code == 410


async def test_an_address_that_was_parted_shows_its_own_alone(
    desk: Desk, noura: Person, paper: Paper, phone: Phone
) -> None:
    from storage import people

    there = Person(desk, "+966500000007", "whatsapp")
    theirs = await there.apply()
    await noura.say("السلام عليكم")
    await noura.send(noura.incoming(Contact(id="c2", at=desk.now, phone="966500000007", own=True)))
    link = await asks(noura, paper)
    assert theirs in (await phone.press(link)).text, "one person, one history"
    desk.do(people.part, desk.vault, "harif", desk.id_of("7001"), milliseconds(desk.now))
    assert theirs not in (await phone.get(link)).text


async def agrees(desk: Desk, noura: Person, others: dict[str, Paper], channel: str) -> tuple[str, Person]:
    await noura.open("apply")
    await noura.finish(agreed_channel=channel)
    await desk.run()
    there = Person(desk, others[channel].sent[0].handle, channel)
    await there.say("نعم")
    await desk.run()
    return str(desk.rows("cases")[0].reference), there


@pytest.mark.parametrize("channel", ["sms", "email"])
async def test_news_by_sms_and_mail_is_read_there_and_counts_as_opened(
    desk: Desk, noura: Person, others: dict[str, Paper], phone: Phone, channel: str
) -> None:
    reference, there = await agrees(desk, noura, others, channel)
    await refused(desk, reference)
    say = others[channel].says[-1]
    assert say.link is not None and say.link.title == "اقرؤوا التفاصيل" and reference in there.where.news
    assert "لم تكتمل الشروط" not in say.text
    await phone.press(say.link.url)
    assert there.where.news, "seen that it is there, not read"
    assert "لم تكتمل الشروط" in (await phone.press(say.link.url, case=reference)).text
    assert there.where.news == {}
    assert legs(desk, -1)[0][0] == channel


async def test_no_link_stands_below_news_where_we_have_no_address_of_our_own(
    make_desk: Callable[..., Desk], paper: Paper, others: dict[str, Paper]
) -> None:
    desk = make_desk((paper, *others.values()), public_url="")
    noura = Person(desk, "7001")
    await noura.say("صفحتي")
    assert all(say.link is None for say in paper.says)
    assert desk.ask(lambda c: c.execute(select(forms_table)).all()) == []


async def test_a_new_link_goes_to_the_agreed_address_once_for_each_that_is_over(
    desk: Desk, noura: Person, paper: Paper, others: dict[str, Paper], phone: Phone, other: Phone
) -> None:
    _, there = await agrees(desk, noura, others, "sms")
    link = await asks(noura, paper)
    await phone.press(link)
    fresh = await other.press(f"{link}/new")
    assert "الرسائل النصية" in words(fresh) and "أرسلنا لكم رابطًا جديدًا" in fresh.text
    await desk.run()
    new = link_in(others["sms"])
    assert new != link and new not in fresh.text and "طلبتم رابطًا جديدًا" in there.told[-1]
    sent = len(others["sms"].sent)
    await other.press(f"{link}/new")
    await desk.run()
    assert len(others["sms"].sent) == sent
    assert (await other.press(new)).status_code == 200
    unused = await asks(noura, paper)
    await other.press(f"{unused}/new")
    await desk.run()
    assert len(others["sms"].sent) == sent, "one that still works brings no other"


async def test_who_stopped_us_is_sent_no_new_link(
    desk: Desk, noura: Person, paper: Paper, phone: Phone, other: Phone
) -> None:
    await noura.apply()
    link = await asks(noura, paper)
    await phone.press(link)
    await noura.say("ايقاف الرسائل")
    sent = len(paper.sent)
    assert "اكتبوا لنا «صفحتي»" in (await other.press(f"{link}/new")).text
    await desk.run()
    assert len(paper.sent) == sent

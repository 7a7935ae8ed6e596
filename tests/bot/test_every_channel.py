"""Each association, each way of its policy: a change of status arrives, and where it is cut somebody knows at once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, delete, select, update

from bot.bench import dialogue
from bot.channels.contract import AddressGone, StatusReport
from conversations.association.association import Association
from conversations.association.load import load_associations
from conversations.flows.addresses import offered
from conversations.notices import MESSAGING, TASK_OF
from storage import messages
from storage.schema import cases as cases_table
from storage.schema import conversations as conversations_table
from storage.schema_notices import legs, notices, tasks
from tests.bot.desk import SUNDAY, Desk, Paper, Person, error
from tests.bot.test_notices import move

SLUGS = [association.slug for association in load_associations(dialogue.ASSOCIATIONS)]
HANDLES = {
    "telegram": "7001",
    "whatsapp": "+966500000007",
    "sms": "+966500000007",
    "email": "noura@example.com",
    "web_chat": "a-window",
}
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""The chain itself is tried on both databases by test_notices."""
AGREED = {"telegram", "whatsapp", "web_chat", "sms", "email", "phone", "branch"}


class Whole:
    """One person of an association who has an address on every channel, and a request."""

    def __init__(self, desk: Desk, association: Association) -> None:
        self.desk, self.association, self.slug = desk, association, association.slug
        self.reference = ""

    async def begin(self) -> None:
        noura = Person(self.desk, HANDLES["telegram"], association=self.slug)
        self.reference = await noura.apply()
        for channel in MESSAGING[1:]:
            await Person(self.desk, HANDLES[channel], channel, self.slug).say("السلام عليكم")
        c = conversations_table.c
        home = self.desk.id_of(HANDLES["telegram"], "telegram", self.slug)

        def join(connection: Connection) -> None:
            whose = connection.scalar(select(c.beneficiary).where(c.id == home))
            connection.execute(update(conversations_table).values(beneficiary=whose))

        self.desk.do(join)

    def again(self, agreed: str) -> None:
        """As if nothing had been told yet, and this had been agreed."""

        def do(connection: Connection) -> None:
            for table in (legs, notices, tasks):
                connection.execute(delete(table))
            connection.execute(update(conversations_table).values(blocked=""))
            connection.execute(update(cases_table).values(agreed_channel=agreed, stage="submitted"))

        self.desk.do(do)
        self.desk.now = SUNDAY + timedelta(hours=1)

    async def moved(self) -> None:
        move(self.desk, self.reference, "verify", "relations_officer", slug=self.slug)
        await self.desk.run()

    def paper(self, channel: str) -> Paper:
        found = self.desk.channels[self.slug, channel]
        assert isinstance(found, Paper)
        return found

    def told(self, channel: str) -> bool:
        """Whether the last message there is the news, or that there is some (where it may be about health)."""
        text = self.desk.told(HANDLES[channel], channel, self.slug)[-1]
        return self.reference in text or "هناك جديد لكم" in text

    async def seen(self, channel: str) -> None:
        """What the channel says when it has brought a message there."""
        row = self.desk.out(HANDLES[channel], channel, self.slug)[-1].id
        report = StatusReport(key=f"d{row}", status="delivered", row=row)
        await self.desk.intake.take(self.slug, channel, [report])
        if channel == "web_chat":
            self.desk.do(lambda c: messages.settle(c, [messages.Settlement(self.slug, row, "delivered")], "me", 0))


@pytest.fixture
def whole(make_desk: Callable[..., Desk], associations: dict[str, Association]) -> Callable[[str], Whole]:
    def make(slug: str) -> Whole:
        return Whole(make_desk(tuple(Paper(slug, name) for name in MESSAGING)), associations[slug])

    return make


@pytest.mark.parametrize("slug", SLUGS)
async def test_a_change_of_status_reaches_its_person_by_every_way_of_the_policy(
    whole: Callable[[str], Whole], slug: str
) -> None:
    one = whole(slug)
    ways = [way for way in offered(one.association) if way != "here"]
    assert {*ways, *MESSAGING} >= AGREED
    await one.begin()
    for way in dict.fromkeys([*MESSAGING, *ways]):
        one.again(way)
        await one.moved()
        if way in TASK_OF:
            assert [(row.kind, row.state) for row in one.desk.rows("tasks")] == [(TASK_OF[way], "open")], way
            continue
        assert one.told(way), way
        await one.seen(way)
        await one.desk.later(minutes=3)
        if way == "email":
            await one.desk.later(hours=24)
        assert [(row.channel, row.state) for row in one.desk.rows("legs")] == [(way, "arrived")]
        assert [row.state for row in one.desk.rows("notices")] in (["reached"], ["unopened"]), way
        assert one.desk.rows("tasks") == []


@pytest.mark.parametrize("slug", SLUGS)
async def test_whichever_way_is_cut_somebody_is_asked_to_call_within_a_minute(
    whole: Callable[[str], Whole], slug: str
) -> None:
    """The person has this one address: there is no other way but somebody's voice."""
    one = whole(slug)
    await one.begin()
    for way in MESSAGING:
        one.again(way)
        c = conversations_table.c
        others = update(conversations_table).where(c.channel != way).values(blocked="left")
        one.desk.do(lambda connection, others=others: connection.execute(others))
        if one.paper(way).pushes:
            one.paper(way).fails[HANDLES[way]].append(error(AddressGone, "blocked"))
            await one.moved()
            await one.desk.later(seconds=59)
        else:
            await one.moved()
            await one.desk.later(hours=24)
            await one.desk.later(seconds=59)
        assert [(row.kind, row.state) for row in one.desk.rows("tasks")] == [("call", "open")], way


@pytest.mark.parametrize("slug", SLUGS)
async def test_whichever_way_is_cut_the_next_one_is_taken(whole: Callable[[str], Whole], slug: str) -> None:
    one = whole(slug)
    await one.begin()
    for way in MESSAGING:
        if not one.paper(way).pushes:
            continue
        one.again(way)
        one.paper(way).fails[HANDLES[way]].append(error(AddressGone, "blocked"))
        await one.moved()
        for _ in range(5):  # those who left the addresses before are found gone again
            await one.desk.later(seconds=10)
        there = [(row.channel, row.state) for row in one.desk.rows("legs")]
        assert there[0] == (way, "failed") and [state for _, state in there[1:]].count("out") == 1, way
        channel, state = there[-1]
        assert state == "out" and one.told(channel), way
        await Person(one.desk, HANDLES[channel], channel, slug).press(f"track:{one.reference}")  # else it waits there

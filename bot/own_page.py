"""The person's own page, as the website needs it: what stands on it, who may open it, and how a new link reaches them.

A link is used up by the press that opens it (looking uses nothing up: phones fetch links), and the device it was opened
on keeps a mark for an hour. What the mark is made of nobody else can make, and nothing of it is kept.
"""

import hmac
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import Connection, and_, select

from bot.case_moves import moved_event
from bot.fold import Arrived
from bot.intake import Intake
from conversations import notices as rules
from conversations.association.association import Association
from conversations.cases import lifecycle
from conversations.cases.calendar import here
from conversations.conversation import Conversation
from conversations.events import NewsOpened, PageWanted, TimePassed
from conversations.flows import own_page, track
from conversations.flows.filing import facts_of
from conversations.flows.shared_phone import visible
from conversations.moment import Moment
from conversations.staffed import closed
from conversations.world import CaseView, Traits, World
from storage import conversations, forms, notices, people, world
from storage.forms import Form
from storage.ids import new_id
from storage.messages import BODY
from storage.schema import case_moves, cases, messages
from storage.schema import conversations as conversations_table
from storage.schema_notices import legs
from storage.schema_notices import notices as notices_table
from storage.seen import digest_key
from storage.times import moment, ms
from storage.vault import context

OPEN_FOR = timedelta(hours=1)
"""How long a device that opened it keeps it."""
MOST_STEPS = 30
"""Of a case's course, and of what was told of it: the newest."""
_REACHED = ("accepted", "delivered", "read")
_QUIET_ENDS = ("refused",)

State = Literal["fresh", "open", "used", "expired", "doubt"]


class Told(NamedTuple):
    """One thing that was told: when, by what (a channel), and its words where there were any."""

    at: datetime
    channel: str
    text: str


@dataclass(slots=True, kw_only=True)
class OwnCase:
    """A case as its person sees it. `closed`: shown only when they press; then only its number is there."""

    reference: str
    closed: bool
    news: bool
    title: str = ""
    stage: str = ""
    lines: list[str] = field(default_factory=list)
    """What they will hear and when, in both calendars."""
    words: list[str] = field(default_factory=list)
    """News that they have not read, or what was told last of a case that is opened by a press."""
    steps: list[tuple[datetime, str]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class OwnPage:
    """`until`: when this device has to open it again."""

    state: State
    language: str
    cases: list[OwnCase] = field(default_factory=list)
    until: datetime | None = None


class _Here(NamedTuple):
    """Who stands behind a link."""

    form: Form
    state: Conversation
    channel: str
    beneficiary: int | None


class OwnPages:
    def __init__(self, intake: Intake) -> None:
        self.intake, self.database, self.vault = intake, intake.database, intake.vault

    @property
    def now(self) -> datetime:
        return self.intake.clock()

    async def look(self, association: Association, token: str, mark: str = "", opened: str = "") -> OwnPage | None:
        """What is behind a link: None where there is nothing. `mark`: what the device keeps. `opened`: the reference of
        a case that they press open; its news counts as read. Raises DatabaseAway."""
        page, waiting = await self.database.read(self._look, association, token, mark, opened)
        for conversation in waiting:
            event = NewsOpened(id=f"page-{new_id()}", at=self.now, reference=opened)
            await self.intake.put(Arrived(association.slug, "", "", event, conversation=conversation))
        return page

    async def enter(self, association: Association, token: str) -> str:
        """Open it on this device: what the device is to keep, or empty where the link is over. Raises DatabaseAway."""
        form = await self.database.write(forms.use, association.slug, token, ms(self.now), True)
        return self._mark(form, ms(self.now + OPEN_FOR)) if form is not None else ""

    async def renew(self, association: Association, token: str) -> str | None:
        """Send a new link to the address agreed with them, once for each that is over: its channel, empty where no
        address takes it now, None for a link that is not ours. Raises DatabaseAway."""
        form, to, channel = await self.database.read(self._renew, association, token)
        if form is None:
            return None
        if to:
            event = PageWanted(id=f"page-{form.form}", at=self.now)
            key = digest_key("own_page", form.form)
            await self.intake.put(Arrived(association.slug, "", "", event, key=key, conversation=to))
        return str(channel)

    # --- who may -----------------------------------------------------------------------------------------------------

    def _mark(self, form: Form, until: int) -> str:
        proof = self.vault.blind(form.association, "own_page", f"{form.form}:{until}")
        return f"{until}.{proof.hex()[:32]}"

    def _holds(self, form: Form, mark: str) -> int:
        """Until when this device may look; 0 where it may not."""
        until = mark.partition(".")[0]
        if not (until.isascii() and until.isdigit() and len(until) < 16 and int(until) > ms(self.now)):
            return 0
        whole = hmac.compare_digest(self._mark(form, int(until)).encode(), mark.encode(errors="replace"))
        return int(until) if whole and form.used_at is not None else 0

    def _behind(self, connection: Connection, association: Association, token: str) -> _Here | None:
        slug = association.slug
        form = forms.by_token(connection, slug, token, own=True)
        state = conversations.state_of(connection, self.vault, slug, form.conversation) if form else None
        if form is None or state is None:
            return None
        c = conversations_table.c
        row = connection.execute(
            select(c.channel, c.beneficiary).where(c.association == slug, c.id == form.conversation)
        ).one()
        return _Here(form, state, row.channel, row.beneficiary)

    def _moment(self, connection: Connection, association: Association, found: _Here) -> Moment:
        """A turn that is never taken: it only finds the words."""
        slug, now = association.slug, self.now
        whom = (slug, found.form.conversation, found.beneficiary)
        known = world.load(connection, self.vault, [whom], self.intake.me, ms(now))[whom[:2]]
        around = World(
            association=association,
            now=now,
            seed=b"",
            traits=Traits(name=found.channel),
            person=known.person,
            cases=known.cases,
            public_url=self.intake.public_url,
        )
        return Moment(found.state, TimePassed(id="", at=now, timer=""), around)

    def _look(
        self, connection: Connection, association: Association, token: str, mark: str, opened: str
    ) -> tuple[OwnPage | None, list[int]]:
        found = self._behind(connection, association, token)
        if found is None:
            return None, []
        form, language = found.form, found.state.language
        until = self._holds(form, mark)
        if not until:
            over = "used" if form.used_at is not None else "expired" if form.until <= ms(self.now) else "fresh"
            return OwnPage(state=over, language=language), []  # type: ignore[arg-type]
        at = self._moment(connection, association, found)
        if own_page.doubted(at):
            return OwnPage(state="doubt", language=language), []
        waiting = self._waiting(connection, association.slug, found)
        shown = self._cases(connection, association, at, waiting, opened)
        page = OwnPage(state="open", language=language, cases=shown, until=moment(until))
        mine = any(case.reference == opened for case in shown)
        return page, [id for id, state in waiting.items() if mine and opened in state.news]

    def _waiting(self, connection: Connection, slug: str, found: _Here) -> dict[int, Conversation]:
        """Every address of theirs: news waits at the one that brought it."""
        known = people.addresses(connection, slug, found.beneficiary) if found.beneficiary is not None else []
        states = ((one.id, conversations.state_of(connection, self.vault, slug, one.id)) for one in known)
        return {id: state for id, state in states if state is not None}

    # --- what stands there -------------------------------------------------------------------------------------------

    def _cases(
        self,
        connection: Connection,
        association: Association,
        at: Moment,
        waiting: dict[int, Conversation],
        opened: str,
    ) -> list[OwnCase]:
        slug, views = association.slug, visible(at)
        c = cases.c
        query = select(c.reference, c.id, c.restricted).where(
            c.association == slug, c.reference.in_([one.reference for one in views]), c.anonymous.is_(False)
        )
        rows = {row.reference: row for row in connection.execute(query)}
        news: dict[str, list[tuple[str, dict[str, str]]]] = defaultdict(list)
        for state in waiting.values():
            for reference, words in state.news.items():
                news[reference] += [tuple(one) for one in track.unread(words)]
        made: list[OwnCase] = []
        plain: dict[int, tuple[CaseView, OwnCase]] = {}
        for view in views:
            row = rows.get(view.reference)
            if row is None:
                continue
            apart = track.is_apart(at, view) or row.restricted or view.stage in _QUIET_ENDS
            waits = view.reference in news
            one = OwnCase(reference=view.reference, closed=apart or waits, news=waits)
            made.append(one)
            if one.closed and view.reference != opened:
                continue
            if one.closed:
                one.words = self._opened(connection, association, at, view, row.id, news[view.reference])
                one.closed = False
            plain[row.id] = (view, one)
        self._fill(connection, slug, at, plain)
        return made

    def _opened(
        self,
        connection: Connection,
        association: Association,
        at: Moment,
        view: CaseView,
        id: int,
        unread: list[tuple[str, dict[str, str]]],
    ) -> list[str]:
        """What waited; where nothing does, what was told last."""
        words = list(dict.fromkeys(at.words(str(key), **facts) for key, facts in unread))
        if words:
            return words
        m = case_moves.c
        query = select(m.seq, m.from_stage, m.move).where(m.association == association.slug, m.case_id == id)
        steps = lifecycle.LIFECYCLES[view.kind].steps
        for seq, stage, name in connection.execute(query.order_by(m.seq.desc())).tuples():
            move = steps.get((stage, name))
            key = lifecycle.words_of(view.kind, move) if move is not None else ""
            event = moved_event(connection, self.vault, association, view.reference, seq) if key else None
            if event is not None:
                return [at.words(key, **facts_of(at, event))]
        return []

    def _fill(self, connection: Connection, slug: str, at: Moment, shown: dict[int, tuple[CaseView, OwnCase]]) -> None:
        for view, one in shown.values():
            one.title = track.title(at, view)
            one.stage = at.words(f"stage.{view.kind}.{view.stage}")
            if lifecycle.is_open(view.stage) and view.stage not in track.ANSWERED:
                one.lines = track.expectation(at, view)
            one.steps = [(here(view.opened_at), at.words("web.mine.filed"))]
        m = case_moves.c
        query = select(m.case_id, m.to_stage, m.from_stage, m.at).where(
            m.association == slug, m.case_id.in_(list(shown)), m.to_stage != m.from_stage
        )
        for row in connection.execute(query.order_by(m.case_id, m.seq)):
            view, one = shown[row.case_id]
            one.steps.append((here(moment(row.at)), at.words(f"stage.{view.kind}.{row.to_stage}")))
        for id, told in self._told(connection, slug, list(shown)):
            shown[id][1].told.append(told)
        for _, one in shown.values():
            one.told = sorted(one.told)[-MOST_STEPS:]
            one.steps = one.steps[-MOST_STEPS:]

    def _told(self, connection: Connection, slug: str, ids: list[int]) -> Iterable[tuple[int, Told]]:
        """What arrived of the notices of these cases, by message or by a worker."""
        n, m, leg = notices_table.c, messages.c, legs.c
        about = (n.association == slug, n.case_id.in_(ids))
        carried = and_(m.association == n.association, m.notice == n.id, m.notice.is_not(None))
        query = (
            select(n.case_id, m.id, m.at, m.channel, m.body)
            .select_from(notices_table.join(messages, carried))
            .where(*about, m.direction == "out", m.kind == "say", m.state.in_(_REACHED))
        )
        for row in connection.execute(query):
            if row.body is not None:
                say = self.intake.read_say(self.vault.open(row.body, context(BODY, slug, row.id)))
                if say.text:
                    yield row.case_id, Told(here(moment(row.at)), row.channel, _without_links(say.text))
        done = and_(leg.association == n.association, leg.notice == n.id)
        by_staff = (
            select(n.case_id, leg.channel, leg.settled_at)
            .select_from(notices_table.join(legs, done))
            .where(*about, leg.task.is_not(None), leg.state == "arrived", leg.settled_at.is_not(None))
        )
        for case_id, channel, at in connection.execute(by_staff).tuples():
            yield case_id, Told(here(moment(at or 0)), channel, "")

    # --- a new link --------------------------------------------------------------------------------------------------

    def _renew(self, connection: Connection, association: Association, token: str) -> tuple[Form | None, int, str]:
        """The first address in the order of news (conversations/notices.py) at which a link can be said now."""
        slug, found = association.slug, self._behind(connection, association, token)
        if found is None:
            return None, 0, ""
        form = found.form
        if form.used_at is None and form.until > ms(self.now):
            return form, 0, ""
        c = cases.c
        newest = select(c.agreed_channel).where(
            c.association == slug, c.beneficiary == found.beneficiary, c.closed_at.is_(None)
        )
        agreed = connection.scalar(newest.order_by(c.id.desc()).limit(1)) or ""
        known = notices.addresses(connection, slug, found.beneficiary, form.conversation)
        mine = [
            rules.Address(
                one.id,
                one.channel,
                rules.is_proven(one.channel, one.proven_at, one.last_in),
                one.stopped,
                bool(one.blocked),
            )
            for one in known
        ]
        for one in rules.order(agreed, form.conversation, mine):
            if rules.skipped(one) or (slug, one.channel) not in self.intake.channels:
                continue
            state = conversations.state_of(connection, self.vault, slug, one.conversation)
            traits = self.intake.channels[slug, one.channel].traits
            if state is None or closed(state, traits.window_hours, self.now):
                continue
            there = _Here(form._replace(conversation=one.conversation), state, one.channel, found.beneficiary)
            at = self._moment(connection, association, there)
            if not own_page.doubted(at) and visible(at):
                return form, one.conversation, one.channel
        return form, 0, ""


def _without_links(text: str) -> str:
    """A text message has its link in its words, and that one is over."""
    return "\n".join(line for line in text.splitlines() if "/mine/" not in line).strip()

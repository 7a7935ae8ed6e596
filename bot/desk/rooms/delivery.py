"""What reached whom: each channel as it runs, each notice with the ways by which it was tried, and why it went on."""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, select
from starlette.responses import Response

from bot.desk.at import At, NotFound
from bot.desk.cases.told import in_words
from bot.desk.conversation.transcript import CONFIRMS, why_failed
from bot.desk.room import Room
from bot.desk.said import money
from bot.desk.sight import conversations_seen_by, notices_seen_by, tasks_seen_by
from bot.desk.whole import whole
from bot.watch import LATE
from conversations.notices import MESSAGING, TASK_OF
from storage import accounts, costs, delivery, notices, tasks
from storage.costs import Spent
from storage.delivery import Backlog, Carried, Listed
from storage.notices import DROPPED, OUT, REACHED, UNOPENED, WAITING, WITH_STAFF, Leg, Notice
from storage.schema import conversations
from storage.times import DAY, MINUTE, ms

room = Room("delivery", nav="/delivery", right="delivery")
STATES = (WAITING, OUT, UNOPENED, WITH_STAFF, REACHED, "joined", DROPPED)
CHANNELS = (*MESSAGING, *TASK_OF)
MONTH = 30 * DAY
LATELY = 5
"""Minutes over which a channel's rate is taken."""
_SAYS_READ = ("whatsapp",)
_WORKED = ("accepted", "delivered", "read")


@dataclass(frozen=True, slots=True)
class Running:
    """A channel in the last day. `delivered` counts those that were read too; None where the channel never says so.
    `failed`: why, and how many; `paused`: by an operator's switch; `held`: until when the provider asks us to wait;
    `day`, `month`: what it cost in the last day and in the last thirty, as far as the provider said."""

    channel: str
    sent: int
    delivered: int | None
    read: int | None
    failed: list[tuple[str, int]]
    lost: int
    doubtful: int
    a_minute: int
    backlog: Backlog
    late: bool
    paused: bool
    held: int | None
    capped: bool
    day: Spent
    month: Spent


@room.get("/delivery")
async def every(at: At) -> Response:
    """The channels, and the notices: the newest first, narrowed to a state and an agreed channel."""
    state = at.query("state") if at.query("state") in STATES else ""
    channel = at.query("channel") if at.query("channel") in CHANNELS else ""
    after = at.query("after")
    running, counted, rows, more = await at.read(_read, at, state, channel, whole(after))
    chosen = {"state": state, "channel": channel}

    def address(**changes: str) -> str:
        given = {**chosen, **changes}
        query = "&".join(f"{name}={value}" for name, value in given.items() if value)
        return f"/delivery?{query}" if query else "/delivery"

    return at.page(
        "delivery/delivery.html",
        running=running,
        charged=any(one.month.amounts for one in running),
        sums=partial(_sums, at),
        counted=counted,
        most=delivery.COUNTED,
        rows=rows,
        chosen=chosen,
        states=STATES,
        channels=CHANNELS,
        address=address,
        further=not after,
        more=str(more) if more is not None else "",
        **in_words(at.words),
    )


def _sums(at: At, spent: Spent) -> list[str]:
    """Each unit's amount in words; one that is not the whole says so."""
    said = [money(amount, unit, at.language, whole=True) for unit, amount in spent.amounts.items()]
    return said if spent.whole else [at.words("delivery.at_least", amount=one) for one in said]


def _read(
    connection: Connection, at: At, state: str, channel: str, after: int | None
) -> tuple[list[Running], dict[str, int], list[Listed], int | None]:
    rows, more = delivery.page(
        connection, at.slug, notices_seen_by(at.worker), state=state, channel=channel, after=after
    )
    if after is not None:
        return [], {}, rows, more
    known = accounts.load(connection)
    ours = [one for one in MESSAGING if (at.slug, one) in at.desk.intake.channels]
    running = [_running(connection, at, known, one) for one in ours]
    return running, delivery.counts(connection, at.slug, STATES), rows, more


def _running(connection: Connection, at: At, known: dict[tuple[str, str], accounts.Account], channel: str) -> Running:
    now = ms(at.now)
    found = delivery.moved(connection, at.slug, channel, now - DAY, now - LATELY * MINUTE)
    by: dict[str, int] = {}
    why: dict[str, int] = {}
    for one in found:
        by[one.state] = by.get(one.state, 0) + one.number
        if one.state == "failed":
            said = why_failed(at.words, one.error or "unknown")
            why[said] = why.get(said, 0) + one.number
    waits = delivery.backlog(connection, at.slug, channel, now)
    account = known.get((at.slug, channel))
    month = costs.spent(connection, at.slug, channel, now - MONTH)
    return Running(
        channel,
        sent=sum(by.get(state, 0) for state in delivery.SENT),
        delivered=by.get("delivered", 0) + by.get("read", 0) if channel in CONFIRMS else None,
        read=by.get("read", 0) if channel in _SAYS_READ else None,
        failed=sorted(why.items(), key=lambda item: -item[1]),
        lost=by.get("failed", 0),
        doubtful=by.get("uncertain", 0),
        a_minute=-(-sum(one.recent for one in found if one.state in _WORKED) // LATELY),
        backlog=waits,
        late=waits.oldest is not None and waits.oldest < now - LATE,
        paused=accounts.paused(known, at.slug, channel) is not None,
        held=account.not_before if account is not None and account.not_before > now else None,
        capped=sum(by.values()) >= delivery.MOST,
        day=costs.spent(connection, at.slug, channel, now - DAY) if month.amounts else month,
        month=month,
    )


# --- one notice ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """`talks`: conversations that this worker may open; `task`: the one that stands for it, where they may see it."""

    notice: Notice
    legs: list[Leg]
    messages: list[Carried]
    talks: set[int]
    task: tasks.Task | None


@room.get("/delivery/{id}")
async def notice(at: At) -> Response:
    """What it is, by which ways it was tried in turn, and why each went on. Never what it says."""
    shown = await at.read(_told, at)
    charged = costs.total(one.cost for one in shown.messages).amounts
    return at.page(
        "delivery/notice.html",
        shown=shown,
        one=shown.notice,
        charged=[money(amount, unit, at.language) for unit, amount in charged.items()],
        price=lambda cost: money(*costs.amount_of(cost), at.language),
        **in_words(at.words),
    )


def _told(connection: Connection, at: At) -> Told:
    id = at.number("id")
    known = notices.get(connection, at.slug, id)
    if known is None or not delivery.may_see(connection, at.slug, notices_seen_by(at.worker), id):
        raise NotFound
    legs = notices.legs_of(connection, at.slug, id)
    carried = delivery.carried(connection, at.slug, id)
    k = conversations.c
    asked = {one.conversation for one in carried}
    may_open = select(k.id).where(k.association == at.slug, k.id.in_(asked), conversations_seen_by(at.worker))
    last = next((leg.task for leg in reversed(legs) if leg.task is not None), None)
    seen = tasks_seen_by(at.worker) if at.worker.may("work") else None
    task = tasks.get(connection, at.desk.vault, at.slug, last, seen) if last and seen is not None else None
    return Told(known, legs, carried, set(connection.scalars(may_open)), task)

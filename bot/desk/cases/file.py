"""Everything that is kept of one case, as its page and its forms read it: never without asking sight.py first."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from bot.case_clock import last_day
from bot.desk.at import At, NotFound
from bot.desk.cases.answers import Reader, files_of
from bot.desk.cases.views import move_name
from bot.desk.sight import cases_seen_by, conversations_seen_by
from bot.exclusion import ABOUT
from conversations.cases.calendar import here
from conversations.cases.decision import decides
from storage import appointments, case_lists, cases, checks, clocks, entitlements, excluded, notes, requirements, staff
from storage.appointments import Appointment
from storage.case_lists import Listed
from storage.cases import Case, Step
from storage.checks import EARLY, MISSING, WRONG, Check
from storage.clocks import Pause
from storage.entitlements import Entitlement
from storage.excluded import Excluded
from storage.notes import Note
from storage.requirements import Requirement
from storage.schema import conversations
from storage.staff import Colleague
from storage.times import moment, ms_or_none

_CODES = ("counted", "entitlement")
"""What comes with a move for the machine alone."""


@dataclass(frozen=True, slots=True)
class Talk:
    """The conversation of a case, where this worker may see it."""

    id: int
    messages: int
    channel: str


@dataclass(slots=True)
class CaseFile:
    case: Case
    history: list[Step]
    checks: dict[str, Check]
    asked: list[Requirement]
    notes: list[Note]
    entitlements: list[Entitlement]
    appointments: list[Appointment]
    linked: list[Listed]
    excluded: list[Excluded]
    pauses: list[Pause]
    talk: Talk | None
    colleagues: list[Colleague]
    names: Mapping[int, str] = field(default_factory=dict)
    until: int | None = None
    """The last moment to object or appeal."""

    @property
    def others(self) -> list[Colleague]:
        """To whom it may be given, or whom it may be kept from: nobody who is kept from it already."""
        out = {one.staff for one in self.excluded}
        return [one for one in self.colleagues if one.member.staff not in out]

    @property
    def paused(self) -> Pause | None:
        return next((pause for pause in self.pauses if pause.ended_at is None), None)

    @property
    def early(self) -> Check | None:
        """A supervisor's word on a decision before the earliest day, asked for or given on this promise."""
        known = self.checks.get(EARLY)
        return known if known is not None and known.at >= (self.case.completed_at or 0) else None

    @property
    def is_stopped(self) -> bool:
        """Something of the published list is waited for: the promise counts anew once it is here."""
        return self.case.stage == "returned" and any(one.published and one.arrived_at is None for one in self.asked)

    @property
    def found_bad(self) -> set[str]:
        """Items that verification found missing or wrong."""
        return {item for item, check in self.checks.items() if check.outcome in (MISSING, WRONG)}

    @property
    def decided_at(self) -> int | None:
        """When it was decided, where that stands: from then on the promise is kept or broken, and grows no later."""
        for step in reversed(self.history):
            decided = decides(self.case.kind, step.from_stage, step.to_stage)
            if decided is not None:
                return step.at if decided else None
        return None

    def reader(self, at: At, shown: str = "") -> Reader:
        return Reader(at.association, self.case, at.language, self.asked, shown)


def find(connection: Connection, at: At, id: int, *, lock: bool = False) -> Case:
    """A case that this worker may see. Raises NotFound, as for one that does not exist."""
    case = cases.by_id(connection, at.desk.vault, at.slug, id, cases_seen_by(at.worker), lock=lock)
    if case is None:
        raise NotFound
    return case


def load(connection: Connection, at: At, id: int) -> CaseFile:
    """Raises NotFound."""
    vault, slug = at.desk.vault, at.slug
    case = find(connection, at, id)
    history = cases.history(connection, vault, slug, id)
    file = CaseFile(
        case,
        history,
        checks.of_case(connection, vault, slug, id),
        requirements.of_case(connection, vault, slug, id),
        notes.about(connection, vault, slug, case=id),
        entitlements.of_case(connection, vault, slug, id),
        appointments.of_case(connection, vault, slug, id),
        case_lists.linked(connection, slug, cases_seen_by(at.worker), case.reference, case.linked_to),
        excluded.of(connection, slug, excluded.case(id)) if case.kind in ABOUT else [],
        clocks.pauses_of(connection, vault, slug, [id]),
        talk_of(connection, at, case),
        staff.colleagues(connection, vault, slug) if at.worker.may("work") or at.worker.may("supervise") else [],
        until=ms_or_none(last_day(case.kind, history)),
    )
    known = {one.member.staff: one.name for one in file.colleagues}
    others = set(_people(file)) - known.keys()
    file.names = {**known, **staff.names(connection, vault, others)}
    return file


def _people(file: CaseFile) -> Iterator[int]:
    """Whoever is named on the page."""
    if file.case.holder:
        yield file.case.holder
    yield from (int(step.actor) for step in file.history if step.actor.isdigit())
    for rows in (file.checks.values(), file.notes, file.excluded):
        yield from (one.staff for one in rows)
    for told in (file.pauses, file.excluded):
        yield from (one.by for one in told if one.by)
    yield from (one.delivered_by for one in file.entitlements if one.delivered_by)
    yield from (one.staff for one in file.appointments if one.staff)


def talk_of(connection: Connection, at: At, case: Case) -> Talk | None:
    if case.conversation is None:
        return None
    c = conversations.c
    found = connection.execute(
        select(c.id, c.seq, c.channel).where(c.id == case.conversation, conversations_seen_by(at.worker))
    ).first()
    return Talk(*found) if found else None


def may_open_files(connection: Connection, at: At, case: Case) -> bool:
    """Who asked for a woman has voice notes and photos opened by women alone."""
    if at.worker.woman:
        return True
    whose = cases.route(connection, at.desk.vault, at.slug, case.reference)
    c = conversations.c
    query = select(c.women_only).where(c.association == at.slug, c.id == whose)
    return not connection.scalar(query)


def file_step(case: Case, asked: list[Requirement], file: int) -> str:
    """The step that a file answers. Raises NotFound for a file that this case does not name."""
    step = files_of(case, asked).get(file)
    if step is None:
        raise NotFound
    return step


# --- what happened, in order -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline. `what`: opened, move, note, check, entitlement, appointment, pause."""

    at: int
    what: str
    title: str
    who: str = ""
    lines: tuple[tuple[str, str], ...] = ()


def timeline(at: At, file: CaseFile) -> list[tuple[int, list[Entry]]]:
    """Everything that was done, by its day (a moment of it), the newest first."""
    days: list[tuple[int, list[Entry]]] = []
    for entry in _entries(at, file):
        if days and here(moment(days[-1][0])).date() == here(moment(entry.at)).date():
            days[-1][1].append(entry)
        else:
            days.append((entry.at, [entry]))
    return days


def _entries(at: At, file: CaseFile) -> list[Entry]:
    entries = [Entry(file.case.opened_at, "opened", at.words("case.opened"), at.words("role.beneficiary"))]
    entries += [_move(at, file, step) for step in file.history]
    entries += [
        Entry(one.at, "note", at.words("case.note"), file.names.get(one.staff, ""), (("", one.text),))
        for one in file.notes
    ]
    entries += list(_checks(at, file))
    entries += [_appointment(at, file, one) for one in file.appointments]
    entries += [
        Entry(one.at, "pause", at.words("case.paused"), file.names.get(one.by, ""), (("", one.reason),))
        for one in file.pauses
    ]
    in_order = sorted(enumerate(entries), key=lambda one: (one[1].at, one[0]), reverse=True)
    return [entry for _, entry in in_order]


def _appointment(at: At, file: CaseFile, one: Appointment) -> Entry:
    kind, state = at.words.or_key(f"appointments.kind.{one.kind}"), at.words.or_key(f"appointments.state.{one.state}")
    return Entry(one.at, "appointment", f"{kind} · {state}", file.names.get(one.staff or 0, ""))


def _move(at: At, file: CaseFile, step: Step) -> Entry:
    role = at.words.or_key(f"role.{step.who}")
    name = file.names.get(int(step.actor), "") if step.actor.isdigit() else ""
    title = move_name(at, file.case.kind, step.move)
    return Entry(step.at, "move", title, f"{name} · {role}" if name else role, tuple(_given(at, step.reason)))


def _given(at: At, reason: str) -> Iterator[tuple[str, str]]:
    """What came with a move, by its name."""
    given = json.loads(reason) if reason.startswith("{") else {}
    for name, value in given.items():
        if name not in _CODES and value:
            coded = f"given.{name}.{value}"
            yield at.words.or_key(f"case.given.{name}"), at.words(coded) if coded in at.words else str(value)


def _checks(at: At, file: CaseFile) -> Iterator[Entry]:
    labels = {one.item: one.label for one in file.reader(at).items()}
    for one in file.checks.values():
        if one.item == EARLY:
            title = at.words(f"case.early.{one.outcome}")
        else:
            label = labels.get(one.item) or at.words.or_key(f"verify.item.{one.item.lstrip('@')}")
            title = f"{label}: {at.words(f'verify.{one.outcome}')}"
        yield Entry(one.at, "check", title, file.names.get(one.staff, ""), (("", one.note),) if one.note else ())

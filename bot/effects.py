"""Carrying out what a turn asks of the outside, in the transaction that keeps the turn: one statement a kind a batch.

What must reach another conversation (a question, an answer, a case that moved) is a timer there, due at once: a row
that any process may pick up, so that nothing waits in memory and conversations are locked one batch at a time.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import singledispatchmethod
from typing import Any

import msgspec
from sqlalchemy import Connection

from bot import addresses, answered, appointments, entitlements, errands, notices, surveys
from bot.case_moves import found_by, move_case
from bot.channels.contract import Incoming
from bot.exclusion import keep_away
from bot.lookups import LOOKUPS, own_case
from conversations.association.association import Association
from conversations.cases.appointment import NotNow
from conversations.cases.calendar import calendar_of
from conversations.cases.clock import Days, due_of
from conversations.cases.lifecycle import AT_ONCE
from conversations.cases.move import BENEFICIARY, SYSTEM, NotAllowed
from conversations.effects import (
    AgreeChannel,
    Alarm,
    AnswerAppointment,
    AnswerAsk,
    AskOther,
    ClearTimer,
    Effect,
    EntitlementAnswered,
    FileCase,
    HandOver,
    Held,
    LogConsent,
    Lookup,
    MoveCase,
    NameAddress,
    NumberChanged,
    OpenForm,
    PaperSent,
    PhoneProven,
    Remember,
    RequestAppointment,
    SetTimer,
    Suppress,
    SurveyAnswered,
)
from conversations.events import Event, Found, StaffGaveBack
from conversations.flows import own_page
from conversations.flows.filing import BY_NUMBER
from conversations.recorded import TOLD_AT_ONCE
from conversations.world import CaseView
from storage import (
    alarms,
    asks,
    audit,
    cases,
    consents,
    conversations,
    documents,
    files,
    forms,
    handoffs,
    messages,
    people,
    timers,
    world,
)
from storage.conversations import Stored
from storage.ids import new_id
from storage.times import ms, ms_or_none
from storage.vault import Vault

HOUR = 3_600_000
"""Milliseconds."""
UNPROVEN = "called:identity_not_proven:"
"""The timer by which staff look whose an address is, and of what case."""


class Work:
    """What one batch has to do besides conversations and messages. `kicks` names what to look at after the commit."""

    def __init__(
        self, connection: Connection, vault: Vault, associations: Mapping[str, Association], now: datetime
    ) -> None:
        self.connection, self.vault, self.associations, self.now, self.at = (
            connection,
            vault,
            associations,
            now,
            ms(now),
        )
        self.kicks: set[str] = set()
        self._cases: list[cases.Case] = []
        self._consents: list[consents.Consent] = []
        self._handoffs: list[handoffs.Handoff] = []
        self._timers: dict[tuple[str, int, str], timers.Timer | None] = {}
        self._files: list[files.File] = []
        self._people: dict[tuple[str, int], world.Beneficiary] = {}
        self._alarms: dict[tuple[str, str], bool] = {}
        self._later: list[Callable[[], object]] = []
        self.notice_turns: list[notices.NoticeTurn] = []

    def carry_out(self, effect: Effect, stored: Stored, known: world.Known, event: Event) -> Event | None:
        """Returns what answers the effect at once, if anything does."""
        return self._do(effect, stored, known, event)

    def alarm(self, association: str, code: str, urgent: bool = False) -> None:
        self._alarms[association, code] = self._alarms.get((association, code), False) or urgent

    def want_file(self, stored: Stored, incoming: Incoming, file: str) -> None:
        """A fetch job: the provider's name of the file, sealed, never a link."""
        media = incoming.event
        name = getattr(media, "name", "")
        self._files.append(
            files.File(stored.association, int(file), stored.id, stored.channel, incoming.source, name=name)
        )
        self.kicks.add("files")

    def wake(self, association: str, conversation: int, timer: str) -> None:
        """An event for another conversation, due at once."""
        self._timers[association, conversation, timer] = timers.Timer(association, conversation, timer, self.at)
        self.kicks.add("timers")

    def notify(self, association: str, conversation: int, about: str) -> None:
        """What a person's own act brings about for somebody else, or elsewhere: by the agreed channel, at once."""
        known = self.associations[association]
        notices.add(
            self.connection, self.vault, known, about, self.now,
            lambda whom, timer: self.wake(association, whom, timer), conversation=conversation, urgent=True,
        )  # fmt: skip

    def put_off(self, timer: timers.Timer) -> None:
        """Its channel is off (its settings are gone): kept until it is on again."""
        self._timers[timer[:3]] = timer._replace(due=self.at + HOUR)

    def greet_new(self, fresh: list[Stored]) -> None:
        """What somebody asked of the owners of these numbers before they ever wrote."""
        new = {(stored.association, stored.handle): stored.id for stored in fresh}
        for association, phone, ask in asks.waiting_for(self.connection, self.vault, new):
            self.wake(association, new[association, phone], f"ask:{ask}")

    def keep(self) -> None:
        """Every statement, one for each kind that is there."""
        connection, vault = self.connection, self.vault
        if self._people:
            world.save_beneficiaries(connection, vault, self._people.values(), self.at)
        if self._cases:
            cases.file(connection, vault, self._cases, self.at)
            keep_away(connection, vault, self._cases, self.at)
        if self._consents:
            consents.log(connection, self._consents)
        if self._handoffs:
            handoffs.add(connection, vault, self._handoffs)
            self.kicks.add("handoffs")
        if self._files:
            files.want(connection, vault, self._files, self.at)
        for do in self._later:
            do()
        for turn in self.notice_turns:
            notices.turned(connection, vault, self.associations[turn.association], turn, self.now)
            if not turn.said:
                self.kicks.add("notices")
        if due := [timer for timer in self._timers.values() if timer is not None]:
            timers.set_all(connection, due)
        if cleared := [key for key, timer in self._timers.items() if timer is None]:
            timers.clear_all(connection, cleared)
        for (association, code), urgent in self._alarms.items():
            if alarms.ring(connection, association, code, self.at, urgent=urgent):
                self.kicks.add("alarms")

    # --- one a kind --------------------------------------------------------------------------------------------------

    @singledispatchmethod
    def _do(self, effect: Any, stored: Stored, known: world.Known, event: Event) -> Event | None:
        raise TypeError(f"no hand for {type(effect).__name__}")

    @_do.register
    def _(self, effect: SurveyAnswered, stored: Stored, known: world.Known, event: Event) -> None:
        association, language = self.associations[stored.association], stored.conversation.language
        self._later.append(
            lambda: surveys.heard(self.connection, self.vault, association, effect, stored.id, language, self.now)
        )

    @_do.register
    def _(self, effect: FileCase, stored: Stored, known: world.Known, event: Event) -> None:
        case = cases.Case(
            association=stored.association,
            id=new_id(),
            reference=effect.reference,
            kind=effect.kind,
            stage=effect.stage,
            service=effect.service,
            category=effect.category,
            severity=effect.severity,
            source=effect.source,
            branch=effect.branch,
            agreed_channel=effect.agreed_channel,
            linked_to=effect.linked_to,
            restricted=effect.restricted,
            anonymous=effect.anonymous,
            beneficiary=stored.beneficiary,
            conversation=stored.id,
            opened_at=self.at,
            completed_at=ms_or_none(effect.completed_at),
            earliest=ms_or_none(effect.earliest),
            latest=ms_or_none(effect.latest),
            next_update=ms_or_none(effect.next_update),
            due=self._due(stored.association, effect),
            answers=effect.answers,
            signature=effect.signature,
            member=effect.member,
            index=() if effect.anonymous else tuple(found_by(effect.answers)),
        )
        self._cases.append(case)
        if effect.taken_by:
            self._later.append(lambda: self._taken(case, effect.taken_by))
        if effect.kind in AT_ONCE:
            self._later.append(
                lambda: self._move(MoveCase(reference=case.reference, move=AT_ONCE[case.kind]), stored, SYSTEM)
            )
        if not effect.anonymous:
            known.cases = (_view(effect, self.now), *known.cases)

    def _taken(self, case: cases.Case, by: str) -> None:
        """Recorded by a worker: on record under their name, and the person hears by the agreed channel. Whoever was
        told their number by the worker before them is not called to be told it again."""
        act = audit.Act(case.association, self.at, by, "case.record", f"case:{case.id}", case.source)
        audit.log(self.connection, [act])
        told = case.source in TOLD_AT_ONCE and case.agreed_channel in TOLD_AT_ONCE
        if case.conversation is not None and case.agreed_channel not in ("", BY_NUMBER) and not told:
            self.notify(case.association, case.conversation, f"receipt:{case.reference}")

    def _due(self, association: str, effect: FileCase) -> int | None:
        days = Days(entered=self.now, earliest=effect.earliest, latest=effect.latest, next_update=effect.next_update)
        calendar = calendar_of(self.associations[association].profile)
        return ms_or_none(due_of(effect.kind, effect.stage, days, calendar))

    @_do.register
    def _(self, effect: MoveCase, stored: Stored, known: world.Known, event: Event) -> None:
        self._later.append(lambda: self._move(effect, stored))
        known.cases = tuple(case for case in known.cases if case.reference != effect.reference)

    def _move(self, effect: MoveCase, stored: Stored, who: str = BENEFICIARY) -> None:
        case = cases.by_reference(self.connection, self.vault, stored.association, effect.reference, lock=True)
        if case is None:
            return
        try:
            move_case(
                self.connection,
                self.vault,
                self.associations[stored.association],
                case,
                effect.move,
                who,
                self.now,
                answers=effect.answers,
                tell=lambda conversation, about: (
                    self.notify(stored.association, conversation, about) if conversation != stored.id else None
                ),
            )
        except NotAllowed as error:
            self.alarm(stored.association, f"not_moved_{error.why}")
            return
        if stored.conversation.holder == "queue" and not handoffs.any_open(
            self.connection, stored.association, stored.id
        ):
            # What they waited for was this: nobody has to come to them any more.
            stored.conversation.holder = "bot"
            conversations.save(self.connection, self.vault, [stored])
            self.kicks.add("inbox")

    @_do.register
    def _(self, effect: EntitlementAnswered, stored: Stored, known: world.Known, event: Event) -> None:
        self._later.append(lambda: self._entitlement(effect, stored))

    def _entitlement(self, effect: EntitlementAnswered, stored: Stored) -> None:
        case = cases.by_reference(self.connection, self.vault, stored.association, effect.reference, lock=True)
        if case is None:
            return
        answered = entitlements.arrived if effect.received else entitlements.not_arrived
        association = self.associations[stored.association]
        id = int(effect.entitlement or 0)
        try:
            answered(
                self.connection, self.vault, association, case, id, self.now,
                by=f"beneficiary:{stored.beneficiary}", tell=appointments.nobody,
            )  # fmt: skip
        except NotAllowed as error:
            self.alarm(stored.association, f"not_moved_{error.why}")

    @_do.register
    def _(self, effect: RequestAppointment, stored: Stored, known: world.Known, event: Event) -> None:
        self._later.append(lambda: self._request_appointment(effect, stored))

    def _request_appointment(self, effect: RequestAppointment, stored: Stored) -> None:
        connection, vault, association = self.connection, self.vault, stored.association
        case = own_case(connection, vault, stored, effect.reference) if effect.reference else None
        appointments.request(
            connection, vault, association, effect.kind, self.now,
            by=f"beneficiary:{stored.beneficiary}", conversation=stored.id,
            case_id=case.id if case else None, wish=effect.wish,
        )  # fmt: skip

    @_do.register
    def _(self, effect: AnswerAppointment, stored: Stored, known: world.Known, event: Event) -> None:
        self._later.append(lambda: self._answer_appointment(effect, stored))

    def _answer_appointment(self, effect: AnswerAppointment, stored: Stored) -> None:
        try:
            appointments.answer(
                self.connection, self.vault, stored.association, int(effect.appointment), effect.act, self.now,
                by=f"beneficiary:{stored.beneficiary}", of=stored.id, starts=effect.starts, wish=effect.wish,
            )  # fmt: skip
        except (appointments.Unknown, NotNow):
            # Staff arranged it anew in the same moment: what they said reaches the person after this.
            self.alarm(stored.association, "appointment_not_moved")

    @_do.register
    def _(self, effect: LogConsent, stored: Stored, known: world.Known, event: Event) -> None:
        self._consents.append(
            consents.Consent(
                stored.association,
                stored.id,
                stored.beneficiary,
                effect.purpose,
                effect.given,
                effect.wording_version,
                stored.channel,
                effect.reference,
                self.at,
                "staff" if stored.conversation.recorded else "",
            )
        )
        self._know(stored, known, consents={**known.person.consents, effect.purpose: effect.given})

    @_do.register
    def _(self, effect: Remember, stored: Stored, known: world.Known, event: Event) -> None:
        self._know(stored, known, facts={**known.person.facts, **effect.facts})

    def _know(self, stored: Stored, known: world.Known, **changed: Any) -> None:
        person = known.person = msgspec.structs.replace(known.person, **changed)
        assert stored.beneficiary is not None
        self._people[stored.association, stored.beneficiary] = world.Beneficiary(
            stored.association, stored.beneficiary, person.facts, person.consents
        )

    @_do.register
    def _(self, effect: NameAddress, stored: Stored, known: world.Known, event: Event) -> None:
        self._later.append(
            lambda: addresses.name(
                self.connection, self.vault, stored.association, effect.channel, effect.handle,
                conversation=stored.id, reference=effect.reference, now=self.at,
                wake=lambda whom, timer: self.wake(stored.association, whom, timer),
            )
        )  # fmt: skip

    @_do.register
    def _(self, effect: AgreeChannel, stored: Stored, known: world.Known, event: Event) -> None:
        assert stored.beneficiary is not None
        whose = stored.beneficiary
        self._later.append(
            lambda: cases.agree(self.connection, stored.association, whose, effect.channel, effect.references)
        )

    @_do.register
    def _(self, effect: NumberChanged, stored: Stored, known: world.Known, event: Event) -> None:
        def wake(whom: int, timer: str) -> None:
            self.wake(stored.association, whom, timer)

        self._later.append(lambda: addresses.doubt(self.connection, self.vault, stored.association, effect.phone, wake))

    @_do.register
    def _(self, effect: PhoneProven, stored: Stored, known: world.Known, event: Event) -> None:
        self._later.append(lambda: self._same_phone(effect.phone, stored))

    def _same_phone(self, phone: str, stored: Stored) -> None:
        """Whoever writes from this number elsewhere is the same person, unless it may have become another's."""
        for channel in addresses.BY_PHONE:
            other = conversations.id_of(self.connection, self.vault, (stored.association, channel, phone))
            if other is None or other == stored.id:
                continue
            if not self._doubted(stored, other):
                self._join(stored, other)
            elif people.has_cases(self.connection, stored.association, other):
                self.wake(stored.association, stored.id, UNPROVEN)

    def _join(self, stored: Stored, asker: int) -> None:
        """This address and the one of `asker` are one person's, whose cases are `asker`'s."""
        whose = people.person_of(self.connection, stored.association, asker)
        if whose is None or stored.beneficiary is None or whose == stored.beneficiary:
            return
        people.join(self.connection, self.vault, stored.association, whose, stored.beneficiary, self.at)
        stored.beneficiary = whose
        there = conversations.state_of(self.connection, self.vault, stored.association, asker)
        if there is not None and there.members:
            # Whose cases are kept apart there by a name and a word, are so here.
            stored.conversation.members = [*there.members]
            conversations.save(self.connection, self.vault, [stored])

    def _doubted(self, stored: Stored, other: int) -> bool:
        """Whether either address may have become another's, or this one is several people's: nobody's cases are opened
        to whoever has it now."""
        if stored.conversation.members:
            return True
        there = conversations.state_of(self.connection, self.vault, stored.association, other)
        return any(one is not None and own_page.may_be_anothers(one, self.now) for one in (stored.conversation, there))

    @_do.register
    def _(self, effect: HandOver, stored: Stored, known: world.Known, event: Event) -> None:
        holder = stored.conversation.holder.removeprefix("staff:")
        # Whoever holds the conversation has it already, unless they may not see why.
        seen = stored.conversation.restricted or not effect.restricted
        held = holder.isdecimal() and seen and not effect.anonymous
        self._handoffs.append(
            handoffs.Handoff(
                stored.association,
                new_id(),
                handoffs.NOBODY if effect.anonymous else stored.id,
                effect.reason,
                role=effect.role,
                service=effect.service,
                urgent=effect.urgent,
                restricted=effect.restricted,
                women_only=effect.women_only,
                reference=effect.reference,
                callback=effect.callback,
                at=self.at,
                due=self.at,
                taken_by=holder if held else "",
                taken_at=self.at if held else None,
                offered_to=int(effect.to) if effect.to else None,
            )
        )

    @_do.register
    def _(self, effect: Held, stored: Stored, known: world.Known, event: Event) -> None:
        where = (self.connection, stored.association, stored.id)
        if effect.staff:
            self._later.append(lambda: handoffs.hold(*where, int(effect.staff), self.at, replied=effect.replied))
        else:
            # Before this batch's own handoffs are added: passing on closes what was, and opens what is next.
            self._handoffs = [one for one in self._handoffs if (one.association, one.conversation) != where[1:]]
            if isinstance(event, StaffGaveBack):
                self._answered(stored)
            handoffs.done(*where, self.at)
        self.kicks.add("handoffs")

    def _answered(self, stored: Stored) -> None:
        association = self.associations[stored.association]
        if waited := answered.inquiries(self.connection, self.vault, stored.association, stored.id):
            self._later.append(
                lambda: answered.settle(self.connection, self.vault, association, stored, waited, self.now)
            )

    @_do.register
    def _(self, effect: OpenForm, stored: Stored, known: world.Known, event: Event) -> None:
        form = forms.Form(stored.association, effect.form, stored.id, effect.steps, ms(effect.until))
        self._later.append(lambda: forms.add(self.connection, form, effect.token, self.at))

    @_do.register
    def _(self, effect: SetTimer, stored: Stored, known: world.Known, event: Event) -> None:
        timer = timers.Timer(stored.association, stored.id, effect.timer, ms(effect.due))
        self._timers[stored.association, stored.id, effect.timer] = timer
        self.kicks.add(f"timer:{timer.due}")

    @_do.register
    def _(self, effect: ClearTimer, stored: Stored, known: world.Known, event: Event) -> None:
        self._timers[stored.association, stored.id, effect.timer] = None

    @_do.register
    def _(self, effect: Suppress, stored: Stored, known: world.Known, event: Event) -> None:
        if effect.on:
            self._later.append(
                lambda: messages.cancel(self.connection, stored.association, stored.id, effect.why, self.at)
            )
        if effect.everywhere:
            self._later.append(lambda: self._died(stored))

    def _died(self, stored: Stored) -> None:
        errands.died(
            self.connection, self.vault, stored.association, stored.beneficiary, stored.id, self.now,
            lambda whom, timer: self.wake(stored.association, whom, timer), told_here=True,
        )  # fmt: skip

    @_do.register
    def _(self, effect: AskOther, stored: Stored, known: world.Known, event: Event) -> None:
        ask = asks.Ask(
            stored.association,
            new_id(),
            effect.question,
            effect.reference,
            stored.id,
            phone=effect.phone,
            details=effect.details,
            at=self.at,
        )
        asks.add(self.connection, self.vault, ask, effect.token)
        if effect.phone:
            key = (stored.association, "whatsapp", effect.phone)
            whom = conversations.id_of(self.connection, self.vault, key)
        else:
            whom = cases.route(self.connection, self.vault, stored.association, effect.reference)
        if whom is not None:
            self.wake(stored.association, whom, f"ask:{ask.id}")

    @_do.register
    def _(self, effect: AnswerAsk, stored: Stored, known: world.Known, event: Event) -> None:
        if not (effect.ask.isdecimal() and len(effect.ask) < len(str(2**63))):
            return
        ask = asks.by_id(self.connection, self.vault, stored.association, int(effect.ask))
        if ask is None or ask.question != effect.question or not self._may_answer(ask, stored):
            return
        if not asks.answer(self.connection, stored.association, ask.id, effect.given, self.at):
            return
        if ask.question == addresses.QUESTION and effect.given and self._doubted(stored, ask.conversation):
            self.wake(stored.association, ask.conversation, UNPROVEN + ask.reference)
            return
        self.wake(stored.association, ask.conversation, f"answer:{ask.id}")
        if ask.question == addresses.QUESTION and effect.given:
            people.prove(self.connection, stored.association, stored.id, self.at)
            self._later.append(lambda: self._join(stored, ask.conversation))

    def _may_answer(self, ask: asks.Ask, stored: Stored) -> bool:
        """The number of an ask is no secret: a button of one's own making must not open another's case. Consent is
        asked by a link or of a number, and only its own dialogue answers it."""
        if ask.question == addresses.QUESTION:
            return ask.phone == stored.handle
        if ask.question != "show_case":
            return True
        return cases.route(self.connection, self.vault, stored.association, ask.reference) == stored.id

    @_do.register
    def _(self, effect: Lookup, stored: Stored, known: world.Known, event: Event) -> Event:
        result = LOOKUPS[effect.lookup](self.connection, self.vault, stored, effect.key)
        return Found(id=event.id, at=self.now, lookup=effect.lookup, key=effect.key, result=result)

    @_do.register
    def _(self, effect: PaperSent, stored: Stored, known: world.Known, event: Event) -> None:
        documents.sent(self.connection, stored.association, "beneficiary", effect.document, stored.id, ms(self.now))

    @_do.register
    def _(self, effect: Alarm, stored: Stored, known: world.Known, event: Event) -> None:
        self.alarm(stored.association, effect.code, effect.urgent)


def _view(effect: FileCase, now: datetime) -> CaseView:
    return CaseView(
        reference=effect.reference,
        kind=effect.kind,
        stage=effect.stage,
        service=effect.service,
        opened_at=now,
        earliest=effect.earliest,
        latest=effect.latest,
        next_update=effect.next_update,
        member=effect.member,
    )

"""A conversation without a channel or a database: for the terminal, the golden dialogues, the tests and the bench.

`Play` keeps what storage would keep, in memory, and encodes and decodes the conversation between any two turns, so that
resuming is always played too. Time stands still unless it is told to pass.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from conversations import play_staff
from conversations.answers.contract import Got, Later
from conversations.association.association import Association
from conversations.cases import lifecycle
from conversations.cases.calendar import calendar_of
from conversations.cases.move import BENEFICIARY
from conversations.cases.promise import promise_for
from conversations.conversation import Address, Conversation, decode, encode
from conversations.course import course
from conversations.effects import (
    AnswerAppointment,
    AnswerAsk,
    AskOther,
    ClearTimer,
    Effect,
    EntitlementAnswered,
    FileCase,
    LogConsent,
    Lookup,
    MoveCase,
    OpenForm,
    Remember,
    RequestAppointment,
    SetTimer,
)
from conversations.engine import Turn, advance
from conversations.events import (
    Answered,
    Asked,
    BroadcastSent,
    Contact,
    Event,
    FileReady,
    FormFilled,
    Found,
    Location,
    Media,
    MediaKind,
    Opened,
    Press,
    Text,
    TimePassed,
)
from conversations.readable import described, shown
from conversations.says import Option, Say
from conversations.world import CaseView, Person, Traits, World

__all__ = ["House", "Play", "described", "shown"]

TRAITS = {
    "web_chat": Traits(name="web_chat", asks_sensitive=True, deletes=True),
    "telegram": Traits(name="telegram", deletes=True),
    "whatsapp": Traits(name="whatsapp", proves_phone=True, window_hours=24),
    "sms": Traits(name="sms", numbered=True),
    "email": Traits(name="email", numbered=True),
}
KIND_BY_SUFFIX: dict[str, tuple[MediaKind, str]] = {
    "jpg": ("photo", "jpeg"),
    "jpeg": ("photo", "jpeg"),
    "png": ("photo", "png"),
    "pdf": ("document", "pdf"),
    "ogg": ("voice", "ogg"),
    "mp3": ("audio", "mp3"),
    "mp4": ("video", "mp4"),
    "webp": ("sticker", "webp"),
    "exe": ("document", "exe"),
}
_SPAN = re.compile(r"\+(\d+)([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_QUIET = ("quiet",)


class House:
    """What all addresses of a play share: the cases, whose they are, and what one asked of another."""

    def __init__(self) -> None:
        self.cases: dict[str, FileCase] = {}
        self.stages: dict[str, str] = {}
        self.owners: dict[str, Play] = {}
        self.arranged = play_staff.Arranged()
        self.asks: list[tuple[AskOther, Play]] = []
        self.answered: set[int] = set()
        self.plays: list[Play] = []
        self.told: dict[str, dict[str, Any]] = {}
        """Broadcasts by their wave."""
        self.surveyed: dict[str, str] = {}
        """What became of a survey elsewhere, by its wave: finished on its page, or over."""
        self.elsewhere: list[tuple[Play, Turn]] = []
        """What was said at other addresses because of what happened at one."""

    def ask_of(self, token: str) -> dict[str, Any] | None:
        """The question a link stands for, as a Found event carries it."""
        for number, (ask, _) in enumerate(self.asks):
            if token and ask.token == token and number not in self.answered:
                return self.asked(number)
        return None

    def asked(self, number: int) -> dict[str, Any]:
        ask = self.asks[number][0]
        return {"ask": str(number), "question": ask.question, "reference": ask.reference, "details": ask.details}


class Play:
    """One person, one address, one association. `beside` is another address of the same house."""

    def __init__(
        self,
        association: Association,
        channel: str = "web_chat",
        now: datetime = datetime(2026, 11, 22, 7, 0, tzinfo=UTC),
        public_url: str = "https://wasl.example",
        handle: str = "+966500000001",
        beside: "Play | None" = None,
    ) -> None:
        self.association, self.traits, self.now, self.public_url = association, TRAITS[channel], now, public_url
        self.handle = handle
        self.blob = encode(Conversation(association=association.slug, address=Address(channel, handle), id=1))
        self.person = Person(id=1)
        self.house: House = beside.house if beside is not None else House()
        self.house.plays.append(self)
        self.cases, self.stages = self.house.cases, self.house.stages
        self.timers: dict[str, datetime] = {}
        self.forms: list[OpenForm] = []
        self.turns = 0
        self.last: tuple[Say, ...] = ()
        self.seen_options: dict[str, list[tuple[Option, int]]] = {}
        """By title, every option shown with the number of its question, oldest first."""

    @property
    def conversation(self) -> Conversation:
        return decode(self.blob)

    # --- what a person does ------------------------------------------------------------------------------------------

    def line(self, line: str, settle: bool = True) -> Turn:
        """One line as typed in the terminal. `settle`: a few quiet seconds pass after it."""
        line = line.strip("\n")
        if line.startswith("#"):
            option, _, prompt = line[1:].partition("@")
            return self.send(Press(id=self._id(), at=self.now, option=option, prompt=int(prompt or 0)), settle)
        if line.startswith("@"):
            return self.file(line[1:], settle)
        if line.startswith("="):
            return self.fill(line[1:])
        if span := _SPAN.fullmatch(line):
            return self.wait(timedelta(**{_UNITS[span[2]]: int(span[1])}))
        if line.startswith("/start"):
            return self.send(Opened(id=self._id(), at=self.now, payload=line[6:].strip()), settle)
        if line.startswith("geo:"):
            latitude, _, longitude = line[4:].partition(",")
            place = Location(id=self._id(), at=self.now, latitude=float(latitude), longitude=float(longitude))
            return self.send(place, settle)
        if line.startswith("contact:"):
            return self.send(Contact(id=self._id(), at=self.now, phone=line[8:].strip(), own=True), settle)
        return self.send(Text(id=self._id(), at=self.now, text=line), settle)

    def edited(self, text: str) -> Turn:
        """A message sent before was changed."""
        return self.send(Text(id=self._id(), at=self.now, text=text, edited=True))

    def press(self, title: str, old: bool = False) -> Turn:
        """The newest button of this title; `old`: one of a question before the last. Raises KeyError where none is."""
        now = self.conversation.prompt
        for option, prompt in reversed(self.seen_options.get(title, [])):
            if prompt < now if old else prompt in (0, now) or option.id.startswith("/"):
                return self.send(Press(id=self._id(), at=self.now, option=option.id, prompt=prompt))
        raise KeyError(title)

    def file(self, path: str, settle: bool = True) -> Turn:
        """A file on its way, and then here. A bare word (voice, photo) is a file of that kind."""
        suffix = {"voice": "ogg", "photo": "jpg", "sticker": "webp"}.get(path, path.rpartition(".")[2].lower())
        kind, bytes_kind = KIND_BY_SUFFIX.get(suffix, ("other", suffix))
        event = Media(id=self._id(), at=self.now, file=f"f{self.turns}", kind=kind, name=path, size=1000)
        taken = self.send(event, settle=False)
        arrived = self.send(FileReady(id=self._id(), at=self.now, file=event.file, kind=bytes_kind, size=1000), False)
        turn = _joined(taken, arrived)
        return _joined(turn, self.settle()) if settle else turn

    def fill(self, fields: str) -> Turn:
        """The secure page, as `step: value | step: value`; a value that begins with @ is a file."""
        form = self.forms[-1]
        conversation = self.conversation
        draft = next(d for d in (conversation.open, *conversation.aside) if d is not None and d.form == form.form)
        by_id = course(self.association, draft.flow, draft.subject).by_id
        values: dict[str, Any] = {step_id: None for step_id in form.steps if by_id[step_id].optional}
        for part in fields.split("|"):
            step_id, _, raw = (piece.strip() for piece in part.partition(":"))
            answer = by_id[step_id].answer
            assert answer is not None
            event: Event = Text(id=self._id(), at=self.now, text=raw)
            if raw.startswith("@"):
                event = Media(id=self._id(), at=self.now, file=raw[1:], kind="photo")
            heard = answer.hear(event, _Hearing(conversation.language, self.now))
            if not isinstance(heard, Got | Later):
                raise ValueError(f"{step_id}: {heard}")
            values[step_id] = heard.value
        return self.send(FormFilled(id=self._id(), at=self.now, form=form.form, values=values))

    def wait(self, span: timedelta) -> Turn:
        """Time passes, and every timer that falls due meanwhile fires, in order."""
        until, turn = self.now + span, Turn(self.conversation, (), ())
        while due := sorted((at, timer) for timer, at in self.timers.items() if at <= until):
            at, timer = due[0]
            self.now = max(self.now, at)
            del self.timers[timer]
            turn = _joined(turn, self.send(TimePassed(id=self._id(), at=self.now, timer=timer), settle=False))
        self.now = until
        return turn

    def settle(self) -> Turn:
        """The quiet seconds after a burst."""
        turn = Turn(self.conversation, (), ())
        for timer in _QUIET:
            if timer in self.timers:
                self.now = max(self.now, self.timers.pop(timer))
                turn = _joined(turn, self.send(TimePassed(id=self._id(), at=self.now, timer=timer), settle=False))
        return turn

    # --- what the house does -----------------------------------------------------------------------------------------

    def move(self, name: str, reference: str = "", who: str = "", **given: str) -> Turn:
        """A case moves, by staff unless `who` says otherwise; its owner hears of it, but not of their own act."""
        return play_staff.move(self, name, reference or next(reversed(self.cases)), who, given)

    def _is_sensitive(self, case: FileCase) -> bool:
        service = self.association.profile.service(case.service)
        return service is not None and bool(service.sensitive_purpose)

    def _send_to(self, owner: "Play", event: Event) -> Turn:
        """An event of the house; where it concerns another address, what is said there is kept in `elsewhere`."""
        if owner is self:
            return self.send(event)
        owner.now = max(owner.now, self.now)
        self.house.elsewhere.append((owner, owner.send(event)))
        return Turn(self.conversation, (), ())

    def send(self, event: Event, settle: bool = True) -> Turn:
        self.turns += 1
        if isinstance(event, BroadcastSent):
            self.house.told[event.wave] = {"text": event.text, "buttons": event.buttons}
        turn = advance(decode(self.blob), event, self._world())
        self.blob = encode(turn.conversation)
        for effect in turn.effects:
            turn = _joined(turn, self._carry_out(effect))
        for say in turn.says:
            for option in (*say.options, *say.controls):
                self.seen_options.setdefault(option.title, []).append((option, say.prompt))
        if turn.says:
            self.last = turn.says
        return _joined(turn, self.settle()) if settle and "quiet" in self.timers else turn

    def _carry_out(self, effect: Effect) -> Turn:
        nothing = Turn(self.conversation, (), ())
        match effect:
            case FileCase():
                self.cases[effect.reference] = effect
                self.stages[effect.reference] = effect.stage
                self.house.owners[effect.reference] = self
            case MoveCase() if effect.reference in self.cases:
                return self.move(effect.move, effect.reference, who=BENEFICIARY)
            case LogConsent():
                consents = {**self.person.consents, effect.purpose: effect.given}
                self.person = msgspec.structs.replace(self.person, consents=consents)
            case Remember():
                facts = {**self.person.facts, **effect.facts}
                self.person = msgspec.structs.replace(self.person, facts=facts)
            case SetTimer():
                self.timers[effect.timer] = effect.due
            case ClearTimer():
                self.timers.pop(effect.timer, None)
            case OpenForm() if effect.steps:
                self.forms.append(effect)
            case AskOther():
                self._ask_other(effect)
            case AnswerAsk():
                return self._answer_ask(effect)
            case EntitlementAnswered():
                return play_staff.answer_entitlement(self, effect)
            case RequestAppointment():
                play_staff.request(self, effect)
            case AnswerAppointment():
                play_staff.answer_appointment(self, effect)
            case Lookup():
                result = self._find(effect)
                found = Found(id=self._id(), at=self.now, lookup=effect.lookup, key=effect.key, result=result)
                return self.send(found, False)
            case _:
                pass
        return nothing

    def _find(self, effect: Lookup) -> Any:
        match effect.lookup:
            case "case":
                return self._looked_up(effect.key)
            case "ask":
                return self.house.ask_of(effect.key)
            case "missing":
                return play_staff.missing_of(self, effect.key)
            case "entitlements":
                return play_staff.owed_of(self, effect.key)
            case "appointments":
                return play_staff.met(self)
            case "broadcast":
                return self.house.told.get(effect.key)
            case "survey":
                return self.house.surveyed.get(effect.key.split(":")[1], "")

    def _ask_other(self, effect: AskOther) -> None:
        """To the owner of the phone number where they write to us already, or to whom the case belongs."""
        house = self.house
        house.asks.append((effect, self))
        if effect.phone:
            known = (play for play in house.plays if play.traits.proves_phone and play.handle == effect.phone)
            whom = next(known, None)
        else:
            whom = house.owners.get(effect.reference)
        if whom is not None and whom is not self:
            self._send_to(whom, Asked(id=self._id(), at=self.now, **house.asked(len(house.asks) - 1)))

    def _answer_ask(self, effect: AnswerAsk) -> Turn:
        ask, asker = self.house.asks[int(effect.ask)]
        self.house.answered.add(int(effect.ask))
        case = self._looked_up(ask.reference) if effect.given else None
        event = Answered(
            id=self._id(),
            at=self.now,
            question=effect.question,
            reference=effect.reference,
            given=effect.given,
            case=case or {},
        )
        return self._send_to(asker, event)

    def _looked_up(self, reference: str) -> dict[str, Any] | None:
        case = self.cases.get(reference)
        if case is None:
            return None
        view = msgspec.to_builtins(self._view(case), builtin_types=(datetime,))
        mine = self.house.owners[reference] is self and not case.anonymous
        last = self.house.arranged.last_moves.get(reference)
        return {**view, "mine": mine, "anonymous": case.anonymous, **({"last_move": last} if last else {})}

    def _world(self) -> World:
        return World(
            association=self.association,
            now=self.now,
            seed=f"play-{self.turns}".encode(),
            traits=self.traits,
            person=self.person,
            cases=tuple(
                self._view(case)
                for reference, case in self.cases.items()
                if not case.anonymous
                and lifecycle.is_open(self.stages[reference])
                and self.house.owners[reference] is self
            ),
            public_url=self.public_url,
            over=next((wave for wave, state in self.house.surveyed.items() if state == "over"), ""),
        )

    def view(self, reference: str) -> CaseView:
        """A case as the person may see it."""
        return self._view(self.cases[reference])

    def _view(self, case: FileCase) -> CaseView:
        return CaseView(
            reference=case.reference,
            kind=case.kind,
            stage=self.stages[case.reference],
            service=case.service,
            opened_at=case.completed_at or self.now,
            member=case.member,
            until=self.house.arranged.until.get(case.reference),
            **self._promise(case),
        )

    def _promise(self, case: FileCase) -> dict[str, Any]:
        stage = self.stages[case.reference]
        if case.kind == "request" and case.completed_at is None and stage != "awaiting_consent":
            promised = promise_for(self.association.profile, case.kind, self.now, calendar_of(self.association.profile))
            return {name: getattr(promised, name) for name in ("earliest", "latest", "next_update")}
        return {name: getattr(case, name) for name in ("earliest", "latest", "next_update")}

    def _id(self) -> str:
        self.turns += 1
        return f"e{self.turns}"


class _Hearing:
    def __init__(self, language: str, now: datetime) -> None:
        self.language, self.today = language, now.date()


def _joined(first: Turn, second: Turn) -> Turn:
    return Turn(second.conversation, first.says + second.says, first.effects + second.effects)

"""A person at one address, watched: after every turn, what must hold of every turn is checked.

`Watched` keeps what storage would keep and decides nothing. `Watched.happen` is the only way in.
"""

import unicodedata
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from bot.channels.contract import Capabilities, fit
from conversations.association.association import Association
from conversations.cases import lifecycle
from conversations.conversation import Address, Conversation, Draft, decode, encode
from conversations.course import course
from conversations.effects import (
    AnswerAsk,
    AskOther,
    ClearTimer,
    Effect,
    FileCase,
    LogConsent,
    Lookup,
    Mask,
    MoveCase,
    OpenForm,
    Remember,
    SetTimer,
    SurveyAnswered,
)
from conversations.engine import Turn, advance
from conversations.events import PERSONAL, Event, FormFilled, Found, Press, Text, TimePassed
from conversations.flow import FLOWS, Leave, Step
from conversations.play import TRAITS
from conversations.says import Option, Say
from conversations.wording import Wording
from conversations.world import CaseView, Person, World

ROOM = {
    "web_chat": Capabilities(text=20000, buttons=50, rows=50, controls=True),
    "telegram": Capabilities(
        text=4096, caption=1024, buttons=8, button_title=64, body_with_options=4096, controls=True
    ),
    "whatsapp": Capabilities(text=1600, buttons=3, rows=10, links=False),
}
BEGIN = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
RESUME_OFFERS = ("resume:", "fresh:")
PLACEHOLDERS = ("{reference}", "{title}", "{association}", "{shown}", "{when}", "{promise}", "{count}", "{service}")
SECRET_KINDS = ("saudi_id", "identity", "iban")


class Watched:
    def __init__(self, association: Association, channel: str, public_url: str = "https://wasl.example") -> None:
        self.association, self.traits, self.public_url = association, TRAITS[channel], public_url
        self.room = ROOM[channel]
        self.now = BEGIN
        self.blob = encode(Conversation(association=association.slug, address=Address(channel, "h"), id=1))
        self.person = Person(id=1)
        self.cases: dict[str, FileCase] = {}
        self.stages: dict[str, str] = {}
        self.timers: dict[str, datetime] = {}
        self.forms: list[OpenForm] = []
        self.asks: list[AskOther] = []
        self.files: list[str] = []
        self.shown: list[tuple[Option, int]] = []
        self.secrets: set[str] = set()
        self.number = 0
        self.log: list[str] = []

    @property
    def conversation(self) -> Conversation:
        return decode(self.blob)

    @property
    def open(self) -> Draft | None:
        return self.conversation.open

    def step(self, draft: Draft | None = None) -> Step | None:
        draft = draft or self.open
        return course(self.association, draft.flow, draft.subject).by_id.get(draft.step) if draft else None

    def id(self) -> str:
        self.number += 1
        return f"e{self.number}"

    def change(self, **fields: Any) -> None:
        """What the desk writes to a conversation, beside the engine."""
        self.blob = encode(msgspec.structs.replace(self.conversation, **fields))

    # --- one event ---------------------------------------------------------------------------------------------------

    def happen(self, event: Event) -> Turn:
        before = self.conversation
        self.log.append(f"{type(event).__name__} {msgspec.to_builtins(event)}"[:300])
        turn = self._turn(before, event)
        for effect in turn.effects:
            self._carry_out(effect)
        for effect in turn.effects:
            if isinstance(effect, Lookup):
                found = self._turn(self.conversation, self._found(effect))
                assert not any(isinstance(one, Lookup) for one in found.effects), "a look-up led to a look-up"
                for one in found.effects:
                    self._carry_out(one)
                turn = Turn(found.conversation, turn.says + found.says, turn.effects + found.effects)
        self._answered(before, event, turn)
        self._keeps_drafts(before, event, turn)
        return turn

    def _turn(self, before: Conversation, event: Event) -> Turn:
        stored, world = self.blob, self._world()
        given = decode(stored)
        turn = advance(given, event, copy(world))
        assert encode(given) == stored, "the turn wrote to its argument"
        again = advance(decode(stored), event, copy(world))
        assert (encode(again.conversation), again.says, again.effects) == (
            encode(turn.conversation),
            turn.says,
            turn.effects,
        ), "the same arguments gave another turn"
        self.blob = encode(turn.conversation)
        assert encode(decode(self.blob)) == self.blob, "storing changes it"
        assert turn.conversation.prompt >= before.prompt
        self._note_secrets(before, event)
        for say in turn.says:
            self._says_well(say, turn, event)
        for effect in turn.effects:
            if isinstance(effect, Mask):
                self._hides_secrets(effect.text, "a mask")
        for say in turn.says:
            self.shown += [(option, say.prompt) for option in (*say.options, *say.controls)]
        return turn

    # --- what must hold ----------------------------------------------------------------------------------------------

    def _says_well(self, say: Say, turn: Turn, event: Event) -> None:
        assert say.text.strip() or say.file, "an empty say"
        assert not any(name in say.text for name in PLACEHOLDERS), "a placeholder was left"
        assert say.prompt <= turn.conversation.prompt
        self._hides_secrets(say.text, "a say")
        ids = [option.id for option in say.options]
        assert len(set(ids)) == len(ids), ids
        for option in (*say.options, *say.controls):
            assert option.id.isascii() and 0 < len(option.id) <= 40, option.id
            assert option.title.strip(), option.id
            self._hides_secrets(option.about + option.title, "an option")
            if turn.conversation.restricted and not _asks_to_resume(event):
                assert option.id != "/resume" and not option.id.startswith(RESUME_OFFERS), "a resume offer"
        parts = fit(say, self.room)
        assert parts
        for part in parts:
            limit = min(self.room.text, self.room.body_with_options) if part.options else self.room.text
            assert len(part.text) <= limit
            assert part.text.strip() or part.file
        if turn.conversation.restricted and turn.conversation.open is not None:
            assert turn.conversation.open.flow != "consent_survey", "a survey was offered"

    def _note_secrets(self, before: Conversation, event: Event) -> None:
        """What was given to a question about a secret must never be seen again, however it came."""
        draft, after = before.open, self.open
        if draft is None or after is None:
            return
        by_id = course(self.association, draft.flow, draft.subject).by_id
        asked = event.values if isinstance(event, FormFilled) else (draft.step,) if isinstance(event, Text) else ()
        for step_id in asked:
            step, value = by_id.get(step_id), after.answers.get(step_id)
            secret = step is not None and step.answer is not None and step.answer.kind in SECRET_KINDS
            if secret and isinstance(value, str) and len(value) >= 8 and not value.startswith("HRF"):
                self.secrets.add(value)

    def _hides_secrets(self, text: str, where: str) -> None:
        if self.secrets:
            plain = "".join(str(unicodedata.digit(one, "")) or one for one in text if one.isalnum())
            assert not any(secret in plain for secret in self.secrets), f"{where} shows a secret"

    def _answered(self, before: Conversation, event: Event, turn: Turn) -> None:
        if not isinstance(event, PERSONAL) or turn.says:
            return
        after = turn.conversation
        if len(after.held) > len(before.held) or (before.held and len(after.held) == len(before.held) >= 200):
            return
        if before.holder.startswith("staff:") or before.blocked:
            return
        parts = len(after.open.pending) if after.open else 0
        had = len(before.open.pending) if before.open else 0
        replaced = isinstance(event, Text) and event.edited and 0 < parts == had
        assert (parts > had or replaced) and "quiet" in self.timers, f"no answer to {type(event).__name__}"

    def _keeps_drafts(self, before: Conversation, event: Event, turn: Turn) -> None:
        """What was answered stays, open or aside, until it is finished, cancelled, declined or withdrawn."""
        after = turn.conversation
        drafts_after = [draft for draft in (after.open, *after.aside) if draft is not None]
        if self._all_withdrawn(turn):
            return
        for aside in before.aside:
            if aside.flow not in FLOWS:
                continue
            kept = any(self._holds(one, aside, event) for one in drafts_after)
            assert kept or self._ended(aside, event, turn), f"aside {aside.flow} was lost: {aside} {drafts_after}"
        draft = before.open
        if draft is None or not draft.trail or draft.flow not in FLOWS or not FLOWS[draft.flow].resumable:
            return
        if any(self._holds(one, draft, event) for one in drafts_after):
            return
        assert self._ended(draft, event, turn), f"the open {draft.flow} was lost: {draft.answers} {drafts_after}"

    @staticmethod
    def _all_withdrawn(turn: Turn) -> bool:
        return any(isinstance(one, LogConsent) and not one.given and one.purpose == "case" for one in turn.effects)

    def _holds(self, after: Draft, before: Draft, event: Event) -> bool:
        if after.flow != before.flow:
            return False
        now = course(self.association, after.flow, after.subject)
        if before.version != now.version and after.subject == before.subject:
            same = {key for key, kind in before.kinds.items() if key in now.by_id and kind == _kind(now.by_id[key])}
            return len(same - after.answers.keys()) <= 1
        lost = before.answers.keys() - after.answers.keys() - {"review", "declaration"}
        changed = {
            key for key in before.answers.keys() & after.answers.keys() if after.answers[key] != before.answers[key]
        }
        if after.subject != before.subject or "service" in changed | lost:
            # Another service has other questions; what every service asks is kept.
            common = {field.id for field in self.association.profile.common} | {"who", "consent"}
            return len(common & lost) <= 1
        return len(lost) + len(changed) <= 1

    def _ended(self, draft: Draft, event: Event, turn: Turn) -> bool:
        """Closed, and for a reason: something came of it, it was cancelled or declined, or its last answer came."""
        if draft.flow == "survey":
            return self._survey_ended(draft, turn)
        if not any(isinstance(one, ClearTimer) and one.timer == "draft" for one in turn.effects):
            return False
        if any(isinstance(one, FileCase | LogConsent | MoveCase | AnswerAsk) for one in turn.effects):
            return True
        wording = self.association.wording[turn.conversation.language]
        said = "\n".join(say.text for say in turn.says)
        if wording("cancel.done") in said or any(phrase in said for phrase in self._farewells(draft, wording)):
            return True
        steps = course(self.association, draft.flow, draft.subject).steps
        unanswered = [step for step in steps if step.id not in draft.answers and step.applies(draft)]
        return len(unanswered) <= 1

    def _survey_ended(self, draft: Draft, turn: Turn) -> bool:
        """Finished or left, or its time is over."""
        wave = draft.subject.partition(":")[2]
        over = [one.until <= self.now for one in turn.conversation.invitations if one.wave == wave]
        settled = [one for one in turn.effects if isinstance(one, SurveyAnswered) and one.wave == wave]
        return any(one.state in ("finished", "declined") for one in settled) or all(over)

    def _farewells(self, draft: Draft, wording: Wording) -> list[str]:
        """The words with which a flow is left before its end, as far as the first placeholder."""
        steps = course(self.association, draft.flow, draft.subject).steps
        keys = {way.words for step in steps for way in step.exits.values() if isinstance(way, Leave)}
        keys |= {key for key in wording.sentences if key.startswith("apply.minor.")}
        sentences = [str(wording.sentences[key]) for key in keys]
        return [max(sentence.replace("}", "{").split("{")[::2], key=len).strip() for sentence in sentences]

    # --- what storage would do ---------------------------------------------------------------------------------------

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case FileCase():
                assert effect.reference not in self.cases, "a reference was used twice"
                self.cases[effect.reference] = effect
                self.stages[effect.reference] = effect.stage
                assert effect.stage in lifecycle.LIFECYCLES[effect.kind].initial
                if effect.kind == "request":
                    assert effect.signature is not None, "an unsigned request"
            case LogConsent():
                consents = {**self.person.consents, effect.purpose: effect.given}
                self.person = msgspec.structs.replace(self.person, consents=consents)
            case MoveCase() if effect.reference in self.stages:
                move = lifecycle.LIFECYCLES[self.cases[effect.reference].kind].steps.get(
                    (self.stages[effect.reference], effect.move)
                )
                if move is not None:
                    self.stages[effect.reference] = lifecycle.stage_after(move, self.stages[effect.reference])
            case Remember():
                facts = {**self.person.facts, **effect.facts}
                self.person = msgspec.structs.replace(self.person, facts=facts)
            case SetTimer():
                assert effect.due >= self.now
                self.timers[effect.timer] = effect.due
            case ClearTimer():
                self.timers.pop(effect.timer, None)
            case OpenForm():
                assert effect.steps, "a page that asks nothing"
                self.forms.append(effect)
            case AskOther():
                self.asks.append(effect)
            case _:
                pass

    def _found(self, effect: Lookup) -> Found:
        result = None
        if effect.lookup == "case" and (case := self.cases.get(effect.key)):
            result = {
                **msgspec.to_builtins(self.view(case), builtin_types=(datetime,)),
                "mine": not case.anonymous,
                "anonymous": case.anonymous,
            }
        if effect.lookup == "ask" and effect.key == "known":
            result = {
                "ask": "7",
                "question": "consent",
                "reference": "HRF-22222-22222",
                "details": {"applicant": "نورة"},
            }
        return Found(id=self.id(), at=self.now, lookup=effect.lookup, key=effect.key, result=result)

    def _world(self) -> World:
        return World(
            association=self.association,
            now=self.now,
            seed=f"watched-{self.number:08}-{len(self.log)}".encode(),
            traits=self.traits,
            person=self.person,
            cases=tuple(
                self.view(case)
                for reference, case in self.cases.items()
                if not case.anonymous and lifecycle.is_open(self.stages[reference])
            )[:20],
            public_url=self.public_url,
        )

    def view(self, case: FileCase) -> CaseView:
        return CaseView(
            reference=case.reference,
            kind=case.kind,
            stage=self.stages[case.reference],
            service=case.service,
            opened_at=self.now,
            earliest=case.earliest,
            latest=case.latest,
            next_update=case.next_update,
            member=case.member,
        )

    def due(self, span: timedelta) -> list[str]:
        """Time passes; the timers that fall due, in order."""
        self.now += span
        fallen = sorted((at, timer) for timer, at in self.timers.items() if at <= self.now)
        for _, timer in fallen:
            del self.timers[timer]
        return [timer for _, timer in fallen]

    def press(self, option: str, prompt: int | None = None) -> Turn:
        number = self.conversation.prompt if prompt is None else prompt
        return self.happen(Press(id=self.id(), at=self.now, option=option, prompt=number))

    def text(self, text: str) -> Turn:
        return self.happen(Text(id=self.id(), at=self.now, text=text))


def _kind(step: Step) -> str:
    return step.answer.kind if step.answer is not None else step.kind


def _asks_to_resume(event: Event) -> bool:
    """They asked for it themselves, now or among what a flood held back."""
    match event:
        case Press(option=option):
            return option.startswith("/resume")
        case Text(text=text):
            return "كمل" in text
        case TimePassed(timer=timer):
            return timer == "flood"
    return False

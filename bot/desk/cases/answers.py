"""What was answered in a case, as staff read it: the read-back's own labels and values, grouped, secrets masked.

The words are those of the read-back (conversations/asking.py) in the worker's language. A value whose kind is a secret
(an identity, a bank account) or that its field calls sensitive is masked until somebody asks to see it, on record.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.desk.said import answered
from bot.desk.words import DeskWords
from conversations.answers.contract import Answer
from conversations.arabic.masking import mask_secrets
from conversations.asking import step_words
from conversations.association.association import Association
from conversations.conversation import Address, Conversation, Draft
from conversations.course import course_of
from conversations.events import TimePassed
from conversations.flow import Step
from conversations.moment import Moment
from conversations.world import Traits, World
from storage.cases import Case
from storage.requirements import Requirement
from storage.times import moment

FLOWS = {
    "request": "apply",
    "complaint": "complain",
    "compensation": "complain",
    "suggestion": "suggest",
    "inquiry": "ask",
    "volunteering": "volunteer",
    "data_request": "my_data",
}
GROUPS = ("service", "person", "who", "filed", "reply", "added")
_WHO = ("who", "applicant_name", "guardianship", "agency", "agency_until", "organisation_name", "cr_number",
        "consent_by", "their_phone")  # fmt: skip
_PROOFS = ("guardianship", "agency", "organisation_name", "cr_number")
"""Of who applies, what is held against an original."""
_REPLY = ("agreed_channel", "agreed_address", "mobile", "email")
_UNSAID = ("details", "review", "declaration", "consent", "consent_sensitive", "service", "sure")
"""Steps of the dialogue itself: the header and the signature say what they said."""
_FILES = ("document", "photo", "voice", "paper_or_words", "long_text")
IDENTITY = "@identity"
"""Of a data request, what is checked before anything is shown or changed."""
_ID_DIGITS = 12
"""Ids of files are longer than any id of a choice."""


@dataclass(frozen=True, slots=True)
class Line:
    """`hidden`: there is more to see than is shown. `files`: their ids."""

    step: str
    label: str
    text: str
    group: str
    hidden: bool = False
    files: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One required datum, to be held against its original. `expires`: its validity on the day is asked as well."""

    item: str
    label: str
    published: bool = True
    expires: bool = False
    until: str = ""
    line: Line | None = None


class Reader:
    """One case as read in one language. `asked`: what was ever asked for of it; `shown`: the steps to show whole."""

    def __init__(
        self, association: Association, case: Case, language: str, asked: Sequence[Requirement] = (), shown: str = ""
    ) -> None:
        self.association, self.case, self.language, self.shown = association, case, language, shown
        self.words = DeskWords(language, association)
        self.asked = {one.item: one for one in asked if one.words}
        self.replaced = [one for one in asked if one.before]
        subject = case.service if case.kind == "request" else ""
        self.draft = Draft(flow=FLOWS[case.kind], subject=subject, answers=dict(case.answers))
        at = moment(case.opened_at)
        here = Conversation(association=case.association, address=Address("", ""), language=language, open=self.draft)
        world = World(association=association, now=at, seed=b"", traits=Traits(name=""))
        self.moment = Moment(here, TimePassed(id="", at=at, timer=""), world)
        self.steps: dict[str, Step] = dict(course_of(self.moment, self.draft).by_id)

    def lines(self) -> list[Line]:
        """Everything that was answered, in the order in which it was asked; what was skipped takes no line."""
        known = [step for step in self.steps if step in self.case.answers]
        order = [*known, *(step for step in self.case.answers if step not in self.steps)]
        return [self.line(step) for step in order if step not in _UNSAID and self.case.answers[step] is not None]

    def groups(self) -> list[tuple[str, list[Line]]]:
        lines = self.lines()
        found = ((group, [line for line in lines if line.group == group]) for group in GROUPS)
        return [(group, theirs) for group, theirs in found if theirs]

    def line(self, step: str) -> Line:
        return Line(step, self.label(step), *self._told(step, self.steps.get(step), self.case.answers.get(step)))

    def _told(self, step: str, known: Step | None, value: Any) -> tuple[str, str, bool, tuple[int, ...]]:
        text, hidden = self._text(step, known, value)
        return text, self._group(step), hidden, tuple(files_in(value))

    def before(self, step: str) -> list[Line]:
        """What stood there before it was asked for again, oldest first."""
        known = self.steps.get(step)
        found = [one.before[step] for one in self.replaced if one.before.get(step) is not None]
        return [Line(step, self.label(step), *self._told(step, known, value)) for value in found]

    def label(self, step: str) -> str:
        if step in self.asked:
            return self.asked[step].words
        known, words = self.steps.get(step), self.moment.wording
        keys = (f"{self.draft.flow}.{step}.title", f"own_move.{step}.title", f"apply.{step}.title")
        if known is not None and (known.title is not None or keys[0] in words):
            return step_words(self.moment, known, "title")
        key = next((key for key in keys if key in words), "")
        return words(key) if key else self.words.or_key(f"case.answer.{step}")

    def _group(self, step: str) -> str:
        if self.case.kind != "request":
            return "filed" if step in self.steps and step not in _REPLY else "reply" if step in _REPLY else "added"
        field = step.removesuffix("_until")
        if any(one.id == field for one in self.association.profile.common):
            return "person"
        service = self.association.profile.service(self.case.service)
        if service is not None and any(one.id == field for one in service.fields):
            return "service"
        return "who" if step in _WHO else "reply" if step in _REPLY else "added"

    def _text(self, step: str, known: Step | None, value: Any) -> tuple[str, bool]:
        """What is shown, and whether there is more."""
        answer = known.answer if known is not None else None
        whole = self._whole(answer, value)
        written = answered(answer.kind, whole, self.language) if answer is not None else whole
        if step == self.shown:
            return written, False
        if answer is not None and answer.sensitive:
            return answer.show(value, self.language), bool(whole)
        secret = known.sensitive if known is not None else step in self.asked and self.asked[step].secret
        if secret and whole and not files_in(value):
            return "", True
        masked = mask_secrets(whole)
        return (masked, True) if masked else (written, False)

    def _whole(self, answer: Answer | None, value: Any) -> str:
        """All of it, long words included; of files nothing (they are shown themselves)."""
        if isinstance(value, str) and (answer is None or answer.sensitive or answer.kind in ("long_text", "location")):
            return value
        if isinstance(value, list) and (answer is None or answer.kind in _FILES):
            parts = (one if isinstance(one, str) else one.get("text", "") for one in value if not _is_file(one))
            return "\n".join(filter(None, parts))
        if answer is None:
            return "" if isinstance(value, dict) and "voice" in value else _plainly(value)
        if answer.kind == "long_text" and isinstance(value, dict):
            return ""
        if answer.kind == "location" and isinstance(value, dict) and "link" in value:
            return str(value["link"])
        return answer.show(value, self.language)

    # --- what is held against its original ---------------------------------------------------------------------------

    def items(self) -> list[Item]:
        """The required data of this case: the published fields that apply to it, the proof of who applies, and
        whatever was asked for beside them."""
        return [*self._required(), *self._asked()]

    def _required(self) -> Iterator[Item]:
        case, profile = self.case, self.association.profile
        if case.kind == "data_request":
            yield Item(IDENTITY, "")
            return
        if case.kind not in ("request", "volunteering"):
            return
        service = profile.service(case.service)
        own = (
            (*profile.common, *(service.fields if service else ())) if case.kind == "request" else profile.volunteering
        )
        fields = {field.id: field for field in own}
        for step in self.steps.values():
            field = fields.get(step.id)
            answered = case.answers.get(step.id) is not None
            required = field is not None and field.published and not field.optional
            if not step.applies(self.draft) or not (required or (answered and (field or step.id in _PROOFS))):
                continue
            until = case.answers.get(f"{step.id}_until")
            yield Item(
                step.id,
                self.label(step.id),
                field is None or field.published,
                field is not None and field.expires,
                self.line(f"{step.id}_until").text if until else "",
                self.line(step.id) if answered else None,
            )

    def _asked(self) -> Iterator[Item]:
        for step, one in self.asked.items():
            yield Item(one.item, one.words, False, line=self.line(step) if step in self.case.answers else None)


def files_in(value: Any) -> list[int]:
    """Ids of the files that an answer holds: pages, photos, voice notes."""
    if isinstance(value, Mapping):
        return files_in(value["voice"]) if "voice" in value else []
    if isinstance(value, list):
        return [id for one in value for id in files_in(one)]
    return [int(value)] if _is_file(value) else []


def files_of(case: Case, asked: Iterable[Requirement] = ()) -> dict[int, str]:
    """Every file that this case names, by id, with the step it answers: those that were replaced too."""
    answers = [case.answers, *(one.before for one in asked)]
    return {id: step for given in answers for step, value in given.items() for id in files_in(value)}


def _is_file(value: Any) -> bool:
    return isinstance(value, str) and len(value) > _ID_DIGITS and value.isascii() and value.isdigit()


def _plainly(value: Any) -> str:
    if isinstance(value, Mapping):
        return " · ".join(str(one) for one in value.values() if isinstance(one, str | int | float))
    return str(value)

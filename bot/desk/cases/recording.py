"""What came by another way, as one page: the flow's own steps, asked and heard by their own kinds of answer.

Nothing is asked here that the chat does not ask, and nothing is let by that the chat would not take: the conditions,
the checks and the guards (an age, an expired paper) are the flow's. What is the house's own is how it came, the channel
agreed on with its address, and that the notice was read aloud and agreed to.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from bot.desk.words import DeskWords, desk_wording
from bot.web.body import Posted, Upload
from bot.web.fields import FieldView, Filled, Hearer, field_view, hear_file, hear_typed, joined, shape
from bot.web.ports import FileInfo, FormField
from conversations.answers import answer_for
from conversations.answers.choice import OneOf
from conversations.answers.contract import Again
from conversations.answers.date import Date
from conversations.answers.document import Document
from conversations.answers.phone import Phone
from conversations.answers.text import ShortText
from conversations.asking import step_words
from conversations.association.association import Association
from conversations.association.profile import Choice, Words
from conversations.conversation import Address, Conversation, Draft
from conversations.course import course
from conversations.events import Recorded, TimePassed
from conversations.flow import Answered, GoTo, Step, answered, ask
from conversations.flows import apply
from conversations.flows.filing import BY_NUMBER, plain_field
from conversations.hearing import way_out
from conversations.moment import Moment
from conversations.recorded import CHANNEL, SOURCES
from conversations.world import Traits, World

AGREED = ("whatsapp", "sms", "email", "phone", "letter", "fax", "branch")
"""What can be agreed on with somebody who is not writing: an address that carries messages, or work for staff."""
GROUPS = ("came", "notice", "filed", "reply", "declaration")
_ADDRESS = ("whatsapp", "sms", "phone")
_MOBILE, _EMAIL, _POST, _FAX = "record-mobile", "record-email", "record-post", "record-fax"
_UNASKED = ("service", "details", "review", "agreed_channel", "declaration")
_MAIN: Mapping[str, str] = {
    "complaint": "complain",
    "inquiry": "ask",
    "suggestion": "suggest",
    "volunteering": "volunteer",
}


class What(NamedTuple):
    """One thing that can be recorded; `id` stands in its page's address."""

    id: str
    flow: str
    subject: str
    title: str


@dataclass(frozen=True)
class Tick(OneOf):
    """Said aloud to the worker: one box."""

    def input(self) -> Mapping[str, Any]:
        return {"type": "checkbox"}


@dataclass(slots=True, kw_only=True)
class Shown:
    """A step as the page shows it. `when`: the answers it depends on, for the script; `only`: the same, in words.
    `again`: nothing is wrong with its file but that browsers do not keep it."""

    step: Step
    group: str
    view: FieldView
    when: str = ""
    only: str = ""
    again: bool = False


def whats(association: Association, words: DeskWords) -> list[What]:
    """Everything that can be recorded: each service, then the other kinds."""
    services = [
        What(f"request-{one.id}", "apply", one.id, one.title.to(words.language)) for one in association.profile.services
    ]
    return [*services, *(What(kind, flow, "", words(f"record.what.{kind}")) for kind, flow in _MAIN.items())]


class Sheet:
    """One page in the making: asked, and heard once it is posted."""

    def __init__(self, association: Association, what: What, words: DeskWords, now: Any) -> None:
        self.association, self.what, self.words, self.now = association, what, words, now
        self.draft = Draft(flow=what.flow, subject=what.subject)
        conversation = Conversation(
            association=association.slug, address=Address(CHANNEL, ""), language=words.language, open=self.draft
        )
        traits = Traits(name=CHANNEL, asks_sensitive=True)
        world = World(association=association, now=now, seed=b"", traits=traits)
        self.moment = Moment(conversation, TimePassed(id="", at=now, timer=""), world)
        self.hearer = Hearer(words.language, self.moment.today)
        self.course = course(association, what.flow, what.subject)
        self.steps = list(self._steps())
        self.filled = Filled()
        self.form = Posted(())

    # --- what is asked -----------------------------------------------------------------------------------------------

    def _steps(self) -> Iterator[tuple[str, Step]]:
        yield "came", ask("record-source", OneOf(_choices("record.source", *SOURCES)))
        yield "came", ask("record-came_on", Date())
        yield "came", ask("record-scan", Document(at_most=10), optional=True)
        yield "came", ask("record-language", OneOf(_choices("record.language", "ar", "en")))
        if "consent" not in self.course.by_id:
            yield "notice", ask("consent", _tick("record.consent"))
        for step in self.course.steps:
            if step.id in ("consent", "consent_sensitive"):
                group = "notice" if step.id == "consent" else "filed"
                yield group, replace(step, answer=_tick(f"record.{step.id}"), exits={}, asks=None, sensitive=False)
        for step in self.course.steps:
            depends = any(condition.step == "agreed_channel" for condition in step.when)
            if step.kind == "ask" and step.id not in (*_UNASKED, *_SAID) and not depends:
                yield "filed", step
        yield from (("reply", step) for step in self._reply())
        if "declaration" in self.course.by_id:
            yield "declaration", ask("declaration", OneOf(_choices("record.declaration", "said", "signed")))

    def _reply(self) -> Iterator[Step]:
        """Whom, and by which way: to an anonymous complaint nobody, to a suggestion who wishes for an answer."""
        when: tuple[Answered, ...] = {
            "complain": (answered("anonymous", "named"),),
            "suggest": (answered("reply", True),),
        }.get(self.what.flow, ())
        own = self.course.by_id
        if "full_name" not in own:
            yield ask("record-name", ShortText(least=3), when=when)
        ways = (*AGREED, BY_NUMBER) if self.what.flow == "complain" else AGREED
        yield ask("record-agreed", OneOf(_choices("record.agreed", *ways)), when=when)
        # The number they gave above is theirs for this too.
        known = "mobile" in own and not own["mobile"].when
        yield ask(_MOBILE, Phone(), when=(*when, answered("record-agreed", *_ADDRESS)), optional=known)
        yield ask(_EMAIL, answer_for(plain_field("email")), when=(*when, answered("record-agreed", "email")))
        yield ask(_POST, ShortText(least=8), when=(*when, answered("record-agreed", "letter")))
        yield ask(_FAX, ShortText(least=7, most=30), when=(*when, answered("record-agreed", "fax")))

    def fields(self) -> list[Shown]:
        """Every step of the page; after a form was heard, with what was typed and what is wrong."""
        return [self._shown(group, step) for group, step in self.steps]

    def _shown(self, group: str, step: Step) -> Shown:
        view = field_view(self._field(step), self.words.language)
        if self.form.fields:
            view.typed = self.form.all(step.id)
        elif step.id == "record-came_on":
            view.typed = [self.hearer.today.isoformat()]
        elif step.id == "record-language":
            view.typed = ["ar"]
        view.wrong, view.sure = self.filled.wrong.get(step.id, ""), self.filled.sure.get(step.id, "")
        again = view.kind == "file" and not view.wrong and bool(self.filled.uploads.get(step.id))
        if again:
            view.wrong = self.words("web.form.file_again")
        when = ";".join(f"{one.step}={','.join(map(_code, one.among)) or '*'}" for one in step.when)
        return Shown(step=step, group=group, view=view, when=when, only=self._only(step), again=again)

    def _field(self, step: Step) -> FormField:
        assert step.answer is not None
        label, help = self._asked(step)
        return FormField(step=step.id, label=label, answer=step.answer, help=help, optional=step.optional)

    def _asked(self, step: Step) -> tuple[str, str]:
        """Its short name, and the question to be read out where that says more."""
        if step.id.startswith("record-") or step.id in (*_SAID, "declaration"):
            key = f"record.{step.id.removeprefix('record-')}"
            helped = f"{key}.help"
            helps = helped in self.words and (step.id != _MOBILE or step.optional)
            return self.words(f"{key}.title"), self.words(helped) if helps else ""
        question = step.asks(self.moment) if step.asks else step_words(self.moment, step, "ask")
        title = self._title(step) or question
        return title, "" if question == title else question

    def _title(self, step: Step) -> str:
        """Its line in the read-back; of a flow that has none, as a case shows it."""
        if step.title is not None or f"{self.what.flow}.{step.id}.title" in self.moment.wording:
            return step_words(self.moment, step, "title")
        shown = f"case.answer.{step.id}"
        return self.words(shown) if shown in self.words else ""

    def _only(self, step: Step) -> str:
        """«إذا كانت …»: for a page without scripts, which shows every field."""
        by_id = {one.id: one for _, one in self.steps}
        said = []
        for condition in step.when:
            asked = by_id.get(condition.step)
            if asked is None or asked.answer is None:
                continue
            shown = [asked.answer.show(value, self.words.language) for value in condition.among]
            join = self.words("record.or")
            said.append(f"{self._asked(asked)[0]}: {join.join(shown)}" if shown else self._asked(asked)[0])
        return self.words("record.only", when="، ".join(said)) if said else ""

    @property
    def notice(self) -> str:
        """What is read aloud before the first datum (PDPL), and what they agree to."""
        key = f"{self.what.flow}.consent.ask"
        agree = self.moment.words(key) if key in self.moment.wording else self.words("record.notice.ask")
        return f"{self.words('record.notice.text')}\n{agree}"

    @property
    def declaration(self) -> str:
        """What they declare, with their name once it is known."""
        blank = dict.fromkeys(("full_name", "organisation_name", "applicant_name"), "……")
        draft = Draft(flow=self.what.flow, answers={**blank, "who": "self", **self.draft.answers})
        return apply.declaration_text(self.moment, draft)

    @property
    def criteria(self) -> list[tuple[str, tuple[str, ...], bool]]:
        """Whom it is for and which papers it asks (harif ت-2): heading, lines, whether they are confirmed."""
        service = self.association.profile.service(self.what.subject)
        lists = (("criteria", service.criteria), ("documents", service.documents)) if service else ()
        found = ((key, lines.to(self.words.language), lines.confirmed) for key, lines in lists)
        return [(self.words(f"record.{key}"), tuple(lines), sure) for key, lines, sure in found if lines]

    # --- what was typed ----------------------------------------------------------------------------------------------

    def hear(self, form: Posted) -> bool:
        """Everything that applies, in the order of the flow; False where something is wrong."""
        self.form = form
        for _, step in self.steps:
            if step.applies(self.draft):
                self._hear(step, form)
        return not self.filled.wrong

    def _hear(self, step: Step, form: Posted) -> None:
        field, filled = self._field(step), self.filled
        if shape(field.answer, self.words.language) == "file":
            filled.uploads[step.id] = form.uploads(step.id)
            if not filled.uploads[step.id] and not step.optional:
                filled.wrong[step.id] = self.words("web.form.missing_file")
            return
        typed = [text for text in form.all(step.id) if text.strip()]
        if not typed:
            if not step.optional:
                missing = f"record.{step.id.removeprefix('record-')}.missing"
                filled.wrong[step.id] = self.words(missing if missing in self.words else "record.missing")
            self.draft.answers[step.id] = None
            return
        hear_typed(field, typed, self.hearer, self.words, form, filled, self.now)
        if step.id not in filled.values:
            return
        value = filled.values[step.id]
        self.draft.answers[step.id] = value
        if step.id == "record-came_on" and not self._has_come(value):
            filled.wrong[step.id] = self.words("record.came_on.wrong")
        way = way_out(self.moment, step, value)
        if way is not None and not isinstance(way, GoTo):
            filled.wrong[step.id] = self.moment.words(way.words)

    def _has_come(self, value: Mapping[str, Any]) -> bool:
        return "iso" in value and value["iso"] <= self.hearer.today.isoformat()

    def uploads(self) -> Iterator[tuple[str, Upload]]:
        for step, uploads in self.filled.uploads.items():
            yield from ((step, upload) for upload in uploads)

    def keep(self, kept: Mapping[str, list[FileInfo]]) -> bool:
        """The files, as their kinds hear them; False where one is not of its kind."""
        by_id = {step.id: step for _, step in self.steps}
        for step_id, infos in kept.items():
            answer = by_id[step_id].answer
            assert answer is not None
            values = []
            for info in infos:
                heard = hear_file(answer, info, self.hearer, self.now)
                if isinstance(heard, Again):
                    self.filled.wrong[step_id] = self.words(heard.words, **(heard.args or {}))
                    return False
                values.append(heard.value)
            self.draft.answers[step_id] = joined(answer, values) if values else None
        return True

    # --- what is filed -----------------------------------------------------------------------------------------------

    def event(self, staff: str, branch: str) -> Recorded:
        given = {key: value for key, value in self.draft.answers.items() if value is not None}
        mine = {key: given.pop(key) for key in list(given) if key.startswith("record-")}
        agreed = str(mine.get("record-agreed", ""))
        address = next((mine[key] for key in (_MOBILE, _EMAIL, _POST, _FAX) if key in mine), None)
        if address is None and agreed in _ADDRESS:
            address = given.get("mobile")
        own = self.course.by_id
        if "agreed_channel" in own and agreed:
            given["agreed_channel"] = agreed
            # Where the flow asks for the address of the channel agreed on, that is its answer.
            for step in own.values():
                if any(one.step == "agreed_channel" and agreed in one.among for one in step.when):
                    given[step.id] = address
        if "declaration" in given:
            given["declaration"] = {"signed": True, "how": given["declaration"]}
        if self.what.flow == "apply":
            given |= {"service": self.what.subject, "details": "start"}
        if "consent" not in own:
            given.pop("consent", None)
        more = {
            "applicant_name": mine.get("record-name"),
            "agreed_address": address,
            "came_on": mine["record-came_on"]["iso"],
            "scan": mine.get("record-scan"),
        }
        return Recorded(
            id="record",
            at=self.now,
            staff=staff,
            branch=branch,
            flow=self.what.flow,
            subject=self.what.subject,
            values=given,
            source=mine["record-source"],
            agreed=agreed,
            language=mine["record-language"],
            more={key: value for key, value in more.items() if value is not None},
        )


_SAID = ("consent", "consent_sensitive")


def _code(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _choices(prefix: str, *ids: str) -> tuple[Choice, ...]:
    """The desk's own words, in both languages, as a profile's choices are."""
    arabic, english = desk_wording("ar"), desk_wording("en")
    titles = {one: Words(ar=arabic(f"{prefix}.{one}"), en=english(f"{prefix}.{one}")) for one in ids}
    return tuple(Choice(id=one, title=title) for one, title in titles.items())


def _tick(prefix: str) -> Tick:
    return Tick(_choices(prefix, "yes"))

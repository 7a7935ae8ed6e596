"""A broadcast as it is being written: what its form says, and everything that is wrong with it, named at once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import TYPE_CHECKING

from bot.desk.asking import whom
from bot.desk.asking.looks import BUTTONS, TEMPLATE
from bot.desk.asking.whom import Sides
from conversations.association.survey import Audience
from conversations.cases.calendar import RIYADH
from conversations.says import BUTTON_TITLE
from storage.times import moment, ms
from storage.waves import Body, Wave

if TYPE_CHECKING:
    from bot.desk.at import At

TITLE, TEXT = 80, 900
"""Characters: a title in the list of broadcasts; words that stay one message beside buttons and the way to stop."""
OWN, CHANGED, SERVICES = "own", "changed", "services"
READY = (OWN, CHANGED, SERVICES)
PURPOSES = {CHANGED: "case", SERVICES: "services"}
"""By ready kind, the consent that whoever hears it has given: what concerns their own request (H خ-3), or services that
may fit them and that they did not ask for (T, the general goal)."""
CHOICES = ("case", "services", "survey")
"""Of one's own the writer says what it is about, and so which consent it needs; the last: what became of opinions."""
TEMPLATES = {"services": "services_fit", "survey": "opinions_heard"}
"""What says, outside of a channel's window, that there is something to read; what nobody asked for has one of its
own, by consent."""
READY_BUTTONS = {OWN: (), CHANGED: ("/track", "/menu"), SERVICES: ("/apply", "/menu")}
EVERYBODY, SOME, LISTED = "everybody", "some", "list"
WHOM = (EVERYBODY, SOME, LISTED)


@dataclass(slots=True)
class Draft:
    """What the form says. `about`: of one's own, one of CHOICES, or empty: not said yet. `file`: of the stored
    file that stays, its id; `day`, `clock`: when it may begin, as typed; empty: at once."""

    ready: str = OWN
    about: str = ""
    title: str = ""
    text: dict[str, str] = field(default_factory=lambda: {"ar": "", "en": ""})
    buttons: tuple[str, ...] = ()
    file: str = ""
    file_name: str = ""
    file_kind: str = ""
    whom: str = ""
    sides: dict[str, tuple[str, ...]] = field(default_factory=dict)
    opened_from: str = ""
    opened_until: str = ""
    sample: int | None = 0
    """So many of them, drawn at random; 0: all; None: what was typed is no number."""
    day: str = ""
    clock: str = ""
    starts: int = 0

    @property
    def purpose(self) -> str:
        return PURPOSES.get(self.ready, self.about)

    @property
    def template(self) -> str:
        return TEMPLATES.get(self.purpose, TEMPLATE)

    def body(self) -> Body:
        text = {language: words for language, words in self.text.items() if words}
        return Body(
            self.title, text, self.file, self.file_name, self.file_kind, self.buttons, self.template, ready=self.ready
        )

    @property
    def narrowed(self) -> bool:
        return any(self.sides.values()) or bool(self.opened_from or self.opened_until) or self.sample != 0

    def audience(self) -> Audience:
        if self.whom != SOME:
            return Audience()
        return Audience(
            **self.sides, opened_from=self.opened_from, opened_until=self.opened_until, sample=self.sample or 0
        )


def blank(at: "At", ready: str) -> Draft:
    """A ready kind, with the words it begins with; they are changed as one likes."""
    draft = Draft(ready=ready, buttons=READY_BUTTONS[ready])
    if ready != OWN:
        draft.title = at.words(f"broadcasts.ready.{ready}")
        draft.text = {language: _ready_words(at, ready, language) for language in draft.text}
    return draft


def _ready_words(at: "At", ready: str, language: str) -> str:
    from bot.desk.words import DeskWords

    return DeskWords(language, at.association)(f"broadcasts.words.{ready}")


def of_form(at: "At", before: Draft | None) -> Draft:
    """`before`: the draft that is changed, whose file stays where no other one comes."""
    form = at.form
    ready = form.get("ready")
    draft = Draft(
        ready=ready if ready in READY else OWN,
        about=form.get("about") if form.get("about") in CHOICES else "",
        title=" ".join(form.get("title").split()),
        text={language: form.get(f"text_{language}").replace("\r\n", "\n").strip() for language in ("ar", "en")},
        buttons=tuple(one for one in BUTTONS if one in form.all("button")),
        whom=form.get("whom") if form.get("whom") in WHOM else "",
        sides=whom.typed(at),
        opened_from=form.get("opened_from").strip()[:10],
        opened_until=form.get("opened_until").strip()[:10],
        sample=whom.sample_of(at, 1),
        day=form.get("day").strip()[:10],
        clock=form.get("clock").strip()[:5],
    )
    if before is not None and not form.get("no_file"):
        draft.file, draft.file_name, draft.file_kind = before.file, before.file_name, before.file_kind
    return draft


def of_wave(wave: Wave, body: Body) -> Draft:
    """A kept draft, to be changed."""
    audience = Audience.model_validate_json(wave.audience) if wave.audience else Audience()
    sides = whom.chosen(audience)
    starts = moment(wave.starts).astimezone(RIYADH) if wave.starts else None
    draft = Draft(
        ready=body.ready if body.ready in READY else OWN,
        about=wave.purpose,
        title=body.title,
        text={"ar": "", "en": ""} | body.text,
        buttons=body.buttons,
        file=body.file,
        file_name=body.file_name,
        file_kind=body.file_kind,
        sides=sides,
        opened_from=audience.opened_from,
        opened_until=audience.opened_until,
        sample=audience.sample,
        day=f"{starts:%Y-%m-%d}" if starts else "",
        clock=f"{starts:%H:%M}" if starts else "",
    )
    draft.whom = LISTED if body.listed else SOME if draft.narrowed else EVERYBODY
    return draft


def wrong(at: "At", draft: Draft, known: Sides) -> Iterator[tuple[str, str]]:
    """Everything that is wrong: the field, and the sentence. `draft.starts` is set on the way."""
    words = at.words
    if not draft.title:
        yield "title", words("broadcasts.wrong.title")
    elif len(draft.title) > TITLE:
        yield "title", words("broadcasts.wrong.title_long", most=TITLE)
    if not draft.text["ar"]:
        yield "text_ar", words("broadcasts.wrong.text_ar")
    english = draft.whom == SOME and draft.sides.get("languages") == ("ar",)
    if not draft.text["en"] and not english and draft.whom != LISTED:
        yield "text_en", words("broadcasts.wrong.text_en")
    for language, text in draft.text.items():
        if len(text) > TEXT:
            yield f"text_{language}", words("broadcasts.wrong.text_long", most=TEXT, count=len(text))
        if "[…]" in text:
            yield f"text_{language}", words("broadcasts.wrong.gap")
    yield from _wrong_buttons(at, draft)
    if not draft.purpose:
        yield "about", words("broadcasts.wrong.about")
    yield from _wrong_whom(at, draft, known)
    yield from _wrong_time(at, draft)


def _wrong_buttons(at: "At", draft: Draft) -> Iterator[tuple[str, str]]:
    for language in draft.text:
        wording = at.association.wording[language]
        for button in draft.buttons:
            title = wording(f"option.{button.lstrip('/')}")
            if len(title) > BUTTON_TITLE:
                yield "button", at.words("broadcasts.wrong.button", title=title, most=BUTTON_TITLE)


def _wrong_whom(at: "At", draft: Draft, known: Sides) -> Iterator[tuple[str, str]]:
    if not draft.whom:
        yield "whom", at.words("broadcasts.wrong.whom")
    given = {SOME: draft.narrowed, LISTED: any(one.name for one in at.form.uploads("list"))}
    if draft.whom and any(many for one, many in given.items() if one != draft.whom):
        # Whoever chose some, or gave a list, means no others.
        yield "whom", at.words("broadcasts.wrong.both")
    if draft.whom != SOME:
        return
    yield from whom.wrong(at, draft.sides, draft.opened_from, draft.opened_until, known)
    if draft.sample is None:
        yield "sample", at.words("broadcasts.wrong.sample")
    if not draft.narrowed:
        yield "whom", at.words("broadcasts.wrong.nothing_chosen")


def _wrong_time(at: "At", draft: Draft) -> Iterator[tuple[str, str]]:
    if not draft.day:
        return
    day = whom.day_of(draft.day)
    try:
        clock = time.fromisoformat(draft.clock or "09:00")
    except ValueError:
        clock = None
    if day is None or clock is None:
        yield "day", at.words("broadcasts.wrong.day")
        return
    draft.starts = ms(datetime.combine(day, clock.replace(tzinfo=None), RIYADH))
    if draft.starts < ms(at.now):
        yield "day", at.words("broadcasts.wrong.past")

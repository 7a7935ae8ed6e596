"""What comes with a move, out of a form: items that are missing, entitlements, a severity, or words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bot.case_moves import SEVERITIES
from bot.desk.at import At
from bot.desk.cases.file import CaseFile
from bot.desk.cases.moving import Given
from bot.desk.whole import whole
from conversations.cases.entitlement import Owed, amount_of
from conversations.cases.missing import Missing, fields_of
from conversations.cases.move import Move

MOST = 4000
"""Characters of words."""
OWN_WORDS, OWED = 3, 5
"""How many things can be asked for in words, how many entitlements registered, in one move."""
_KINDS = ("", "document", "long_text")


@dataclass(slots=True)
class Form:
    """What was typed, as it is shown again; what is wrong with it, by field; and what it comes to."""

    words: dict[str, str] = field(default_factory=dict)
    items: set[str] = field(default_factory=set)
    asked: list[dict[str, str]] = field(default_factory=list)
    owed: list[dict[str, str]] = field(default_factory=list)
    entitlement: str = ""
    early: str = ""
    wrong: dict[str, str] = field(default_factory=dict)


def blank(at: At, file: CaseFile, move: Move) -> Form:
    """A form as it is first shown: what verification found missing or wrong is ticked."""
    return Form(
        words={"severity": file.case.severity} if "severity" in move.needs else {},
        items=file.found_bad & _choosable(at, file).keys() if "items" in move.needs else set(),
        entitlement=at.query("entitlement"),
    )


def typed(at: At, file: CaseFile, move: Move) -> Form:
    """A form as it came, each field read by its kind; what cannot be read says so beside it."""
    form = Form(entitlement=at.form.get("entitlement"), early=at.form.get("early").strip()[:MOST])
    for need in move.needs:
        _READ.get(need, _words)(at, file, form, need)
    return form


def given(at: At, file: CaseFile, form: Form, moves: int) -> Given:
    """What the move is made with. The form must hold nothing wrong."""
    known = _choosable(at, file)
    missing = [
        *(known[item] for item in sorted(form.items)),
        *(
            Missing(words=row["words"], kind=_kind(row["kind"]), secret=bool(row["secret"]))
            for row in form.asked
            if row["words"]
        ),
    ]
    owed = tuple(
        Owed(
            what=row["what"],
            amount=amount_of(row["amount"]),
            due=date.fromisoformat(row["due"]) if row["due"] else None,
        )
        for row in form.owed
        if row["what"]
    )
    entitlement = whole(form.entitlement) or 0
    return Given(moves, dict(form.words), tuple(missing), owed, entitlement, form.early)


def choices(at: At, file: CaseFile) -> list[tuple[str, str, bool]]:
    """What can be asked for: the item, its name, and whether the published list has it."""
    labels = {one.item: one.label for one in file.reader(at).items()}
    named = _choosable(at, file)
    order = [*(item for item in labels if item in named), *(item for item in named if item not in labels)]
    return [(item, labels.get(item) or _label(at, file, item), named[item].published) for item in order]


def _label(at: At, file: CaseFile, item: str) -> str:
    return fields_of(at.association.profile, file.case.service)[item].title.to(at.language)


def _choosable(at: At, file: CaseFile) -> Mapping[str, Missing]:
    """What a return may name of this case, beside words of one's own."""
    if file.case.kind != "request":
        return {}
    fields = fields_of(at.association.profile, file.case.service)
    return {item: Missing(item=item, published=one.published) for item, one in fields.items()}


def _kind(value: str) -> Any:
    return value if value in _KINDS else ""


# --- one a kind of need ----------------------------------------------------------------------------------------------


def _words(at: At, file: CaseFile, form: Form, need: str) -> None:
    text = at.form.get(need).strip().replace("\r\n", "\n")
    form.words[need] = text
    if not text:
        form.wrong[need] = at.words("move.form.missing")
    elif len(text) > MOST:
        form.wrong[need] = at.words("move.form.long", most=MOST, found=len(text))


def _severity(at: At, file: CaseFile, form: Form, need: str) -> None:
    form.words[need] = at.form.get(need)
    if form.words[need] not in SEVERITIES:
        form.wrong[need] = at.words("move.form.choose")


def _items(at: At, file: CaseFile, form: Form, need: str) -> None:
    form.items = set(at.form.all("item")) & set(_choosable(at, file))
    form.asked = _rows(at, "asked", ("words", "kind", "secret"), OWN_WORDS)
    if not form.items and not any(row["words"] for row in form.asked):
        form.wrong[need] = at.words("move.form.items_missing")


def _entitlements(at: At, file: CaseFile, form: Form, need: str) -> None:
    form.owed = _rows(at, "owed", ("what", "amount", "due"), OWED)
    for row in form.owed:
        try:
            amount_of(row["amount"])
        except ValueError:
            form.wrong[need] = at.words("move.form.amount")
        try:
            day = date.fromisoformat(row["due"]) if row["due"] else None
        except ValueError:
            day, form.wrong[need] = None, at.words("move.form.day")
        if day is not None and day < at.now.date():
            form.wrong[need] = at.words("move.form.day_past")
        if not row["what"] and (row["amount"] or row["due"]):
            form.wrong[need] = at.words("move.form.what_missing")
    if not any(row["what"] for row in form.owed):
        form.wrong.setdefault(need, at.words("move.form.entitlements_missing"))


def _rows(at: At, name: str, columns: tuple[str, ...], most: int) -> list[dict[str, str]]:
    return [
        {column: at.form.get(f"{name}_{column}_{number}").strip()[:MOST] for column in columns}
        for number in range(1, most + 1)
    ]


_READ: Mapping[str, Callable[[At, CaseFile, Form, str], None]] = {
    "items": _items,
    "entitlements": _entitlements,
    "severity": _severity,
    "what": lambda at, file, form, need: None,  # the entitlement says it
}
"""Every other need is words of one's own."""

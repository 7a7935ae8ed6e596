"""What may be said on WhatsApp a day after the person last wrote: templates that Meta approved word by word.

The words are `template.<kind>`, in which {short} and the like become the numbered places of the template. None begins
or ends with a place (Meta refuses that), none says more than a stranger who holds the phone may read, and the button
brings the person back into the conversation, where the rest is said.
"""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from conversations.wording import Wording

Category = Literal["utility", "marketing"]


class Template(NamedTuple):
    """`values`: what its places are, {{1}} first. `button`: what its one button chooses; the title is «اطّلاع».
    `carries`: what the button alone has a place for, after them."""

    values: tuple[str, ...] = ("short",)
    button: str = ""
    carries: tuple[str, ...] = ()
    category: Category = "utility"

    @property
    def named(self) -> tuple[str, ...]:
        """Every place, in order."""
        return (*self.values, *self.carries)


KINDS: Mapping[str, Template] = {
    "reply_waiting": Template(),
    "news": Template(("short", "reference"), "track:{reference}"),
    "several": Template(button="/track"),
    "moved": Template(("short", "reference", "line"), "track:{reference}"),
    "returned": Template(("short", "reference"), "track:{reference}"),
    "appointment": Template(button="/appointments"),
    "appointment_reminder": Template(button="/appointments"),
    "promise_near": Template(("short", "reference"), "track:{reference}"),
    "promise_missed": Template(("short", "reference"), "track:{reference}"),
    "entitlement_due": Template(button="/track"),
    "document_expiring": Template(("short", "document", "day")),
    "information_changed": Template(button="told:{wave}", carries=("wave",)),
    "services_fit": Template(button="told:{wave}", carries=("wave",), category="marketing"),
    "opinions_heard": Template(button="told:{wave}", carries=("wave",), category="marketing"),
    "survey_invitation": Template(button="survey:{wave}:yes", carries=("wave",), category="marketing"),
}
LONGEST = 1024
"""Characters of a template's body, its values filled in."""
_NOT_ONE_LINE = re.compile(r"[\n\r\t\v\f\u0085\u2028\u2029]| {5,}|\{\{|\}\}")


def body(kind: str, words: Wording) -> str:
    """As it is submitted: with {{1}}, {{2}} … in its places. Raises KeyError for a kind that has none."""
    return words(f"template.{kind}", **_places(kind))


def button(kind: str) -> str:
    """What its button sends back: the choice of question 0, with places of its own; empty where it has none."""
    chosen = KINDS[kind].button
    return f"0:{chosen.format_map(_places(kind))}" if chosen else ""


def samples(kind: str, words: Wording, short: str) -> dict[str, str]:
    """What Meta wants to see in the places before it approves."""
    return {
        str(number): short if name == "short" else words(f"template.sample.{name}")
        for number, name in enumerate(KINDS[kind].named, 1)
    }


def places(kind: str, **values: str) -> dict[str, str]:
    """What a say carries (`Say.values`), from the names of its kind. Raises KeyError for one that is missing."""
    return {str(number): values[name] for number, name in enumerate(KINDS[kind].named, 1)}


def fits(kind: str, values: Mapping[str, str]) -> bool:
    """Whether these may go: each place has something, on one line (what Meta refuses, and only after it was sent)."""
    known = KINDS.get(kind)
    return (
        known is not None
        and set(values) == {str(number) for number in range(1, len(known.named) + 1)}
        and all(any(map(str.isalnum, value)) and not _NOT_ONE_LINE.search(value) for value in values.values())
        and sum(map(len, values.values())) <= LONGEST // 2
    )


def _places(kind: str) -> dict[str, str]:
    return {name: "{{" + str(number) + "}}" for number, name in enumerate(KINDS[kind].named, 1)}

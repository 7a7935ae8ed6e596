"""Flows as pictures: a Mermaid flowchart of each, so that the charity's own staff can follow and correct them.

A box is a question, a diamond the condition under which the next ones are asked, a rounded box a way out. Going back,
skipping, cancelling and asking for a person are possible everywhere and drawn nowhere.
"""

from collections.abc import Iterator
from itertools import groupby

from conversations.association.association import Association
from conversations.course import course
from conversations.flow import FLOWS, Answered, Explain, Flow, GoTo, Leave, Step

_ENDS = "the_end"


def subjects(flow: Flow, association: Association) -> tuple[str, ...]:
    """What the flow has kinds of: what it names, or the services whose steps are their own, or nothing ("")."""
    if flow.subjects is not None:
        return flow.subjects(association) or ("",)
    plain = course(association, flow.name, "").version
    of_their_own = (
        service.id
        for service in association.profile.services
        if course(association, flow.name, service.id).version != plain
    )
    return tuple(of_their_own) or ("",)


def mermaid(flow: Flow, association: Association, subject: str | None = None) -> str:
    """The flow as this association asks it; of a flow with kinds, the first, or the one named."""
    about = subjects(flow, association)[0] if subject is None else subject
    steps = course(association, flow.name, about).steps
    return "\n".join(("flowchart TD", *(f"    {line}" for line in _lines(steps))))


def drawings(association: Association) -> dict[str, str]:
    """Every flow, and every kind of it, by a title."""
    import conversations.flows  # noqa: F401 - fills FLOWS

    return {
        f"{name}: {subject}" if subject else name: mermaid(flow, association, subject)
        for name, flow in sorted(FLOWS.items())
        for subject in subjects(flow, association)
    }


def _lines(steps: tuple[Step, ...]) -> Iterator[str]:
    """Steps under one condition stand behind one diamond, with a way past all of them."""
    groups = [(condition, tuple(group)) for condition, group in groupby(steps, key=lambda step: step.when)]
    heads = [f"if_{group[0].id}" if condition else _id(group[0]) for condition, group in groups]
    for number, (condition, group) in enumerate(groups):
        onward = heads[number + 1] if number + 1 < len(groups) else _ENDS
        if condition:
            yield f'{heads[number]}{{"{_asked_when(condition)}"}}'
            yield f"{heads[number]} -->|yes| {_id(group[0])}"
            yield f"{heads[number]} -->|no| {onward}"
        for step, following in zip(group, (*map(_id, group[1:]), onward), strict=True):
            yield f'{_id(step)}["{_label(step)}"]'
            yield f"{_id(step)} --> {following}"
            yield from _ways_out(step)
    yield f"{_ENDS}((end))"


def _ways_out(step: Step) -> Iterator[str]:
    for value, way in step.exits.items():
        match way:
            case Leave(words, keep):
                yield f'{_id(step)} -->|{_said(value)}| leave_{step.id}_{_said(value)}(["{words}{" · kept" * keep}"])'
            case GoTo(name):
                yield f'{_id(step)} -->|{_said(value)}| flow_{name}[["{name}"]]'
            case Explain():
                yield f"{_id(step)} -->|{_said(value)}| {_id(step)}"
    if step.guard is not None:
        yield f'{_id(step)} -.-> guard_{step.id}(["{step.guard.__name__}"])'


def _id(step: Step) -> str:
    return f"ask_{step.id}"


def _label(step: Step) -> str:
    marks = [name for name in ("optional", "sensitive") if getattr(step, name)]
    kind = step.answer.kind if step.answer else step.kind
    return " · ".join((step.id, *((kind,) if kind != step.id else ()), *marks))


def _asked_when(condition: tuple[Answered, ...]) -> str:
    return " and ".join(
        f"{one.step} = {' or '.join(map(_said, one.among))}" if one.among else f"{one.step} answered"
        for one in condition
    )


def _said(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)

"""`wasl check` and `wasl flows`: what is wrong or open in profiles, and their dialogues as lists or drawings."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from conversations.association.association import Association
from conversations.association.load import load_association, read_associations
from conversations.association.mistakes import Mistake, ProfileMistakes
from conversations.association.notes import notes

SHOWN = 4
"""Places named in a line of notes."""


def check(folder: Path) -> tuple[list[str], bool]:
    """Lines to print, and whether there is no mistake. `folder` holds profiles, or is one association's own."""
    if (folder / "profile.toml").is_file():
        try:
            associations, mistakes = [load_association(folder)], list[Mistake]()
        except ProfileMistakes as error:
            associations, mistakes = [], list(error.mistakes)
    else:
        associations, mistakes = read_associations(folder)
    lines = [f"✗ {mistake}" for mistake in mistakes]
    for association in associations:
        lines += ["", *_noted(association)]
    told = f"{len(mistakes)} mistake{'s' * (len(mistakes) != 1)}" if mistakes else "no mistakes"
    return [*lines, "", f"{told} in {folder}"][lines[:1] == [""] :], not mistakes


def _noted(association: Association) -> Iterator[str]:
    """Notes that say the same of several places stand in one line."""
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for note in notes(association):
        grouped[note.problem, note.remedy].append(note.where)
    yield f"{association.slug} ({association.profile.name.en}): to know, nothing that stops"
    for (problem, remedy), places in grouped.items():
        named = [place for place in places if place]
        more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        where = f": {', '.join(named[:SHOWN])}{more}" if named else ""
        yield f"  · {problem}{where}" + (f" — {remedy}" if remedy else "")


def draw(associations: Iterable[Association], mermaid: bool) -> Iterator[str]:
    """Every dialogue and every life of a case; what several associations have alike stands once."""
    from conversations.cases import lifecycle

    for title, picture in _dialogues(associations, mermaid):
        yield from _part(title, picture, mermaid)
    for kind in lifecycle.KINDS:
        yield from _part(f"case: {kind}", lifecycle.mermaid(kind) if mermaid else _moves(kind), mermaid)


def _dialogues(associations: Iterable[Association], mermaid: bool) -> Iterator[tuple[str, str]]:
    from conversations.draw import drawings

    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for association in associations:
        for title, picture in (drawings if mermaid else _steps)(association).items():
            alike[title, picture].append(association.slug)
    for (title, picture), slugs in sorted(alike.items()):
        yield f"{title} ({', '.join(slugs)})", picture


def _steps(association: Association) -> dict[str, str]:
    import conversations.flows  # noqa: F401 - fills FLOWS
    from conversations.course import course
    from conversations.draw import subjects
    from conversations.flow import FLOWS

    return {
        f"{name}: {subject}" if subject else name: " → ".join(
            f"({step.id})" if step.when or step.optional else step.id
            for step in course(association, name, subject).steps
        )
        for name, flow in sorted(FLOWS.items())
        for subject in subjects(flow, association)
    }


def _moves(kind: str) -> str:
    from conversations.cases.lifecycle import LIFECYCLES, stage_after

    return "\n  ".join(
        f"{stage} → {stage_after(move, stage)}: {name} ({', '.join(move.who)})"
        for (stage, name), move in LIFECYCLES[kind].steps.items()
    )


def _part(title: str, picture: str, mermaid: bool) -> Iterator[str]:
    yield f"## {title}\n\n```mermaid\n{picture}\n```\n" if mermaid else f"{title}\n  {picture}\n"

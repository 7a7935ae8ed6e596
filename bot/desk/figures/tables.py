"""The figures of a period as tables: the page shows them, a sheet takes them away, both from here."""

from collections.abc import Callable, Iterable, Mapping

from bot.desk.words import DeskWords
from bot.figures import Line, Overview, Spread
from bot.sheets import Cell, Table
from conversations.association.profile import Profile

_RECORDED = (
    *("consents", "withdrawn_consents", "declarations", "delivered", "confirmed", "policy_signatures"),
    *("documents_sent", "paused"),
)
_LINE: Mapping[str, Callable[[Line], Cell]] = {
    "open": lambda line: line.open,
    "due": lambda line: line.due,
    "overdue": lambda line: line.overdue,
    "late": lambda line: line.late,
    "opened": lambda line: line.opened,
    "decided": lambda line: line.decided,
    "kept": lambda line: line.kept,
    "early": lambda line: line.early,
    "days": lambda line: line.days.median,
    "days_most": lambda line: line.days.most,
}
_STAGE = ("open", "due", "overdue", "late")
_OFFICER = ("open", "overdue", "decided", "kept", "days")


Row = tuple[Cell, ...]


def tables(view: Overview, words: DeskWords, names: Mapping[int, str], profile: Profile) -> list[Table]:
    """In the order of the page. A table without rows is left out."""
    language = words.language
    found = [
        _lines("kinds", [(words(f"kind.{kind}"), line) for kind, line in view.kinds.items()], words),
        _lines("services", [(service_title(profile, id, language), line) for id, line in view.services.items()], words),
        _officers(view, words, names),
        _subjects(view, words, profile),
        _lines(
            "stages",
            [(f"{words(f'kind.{kind}')}: {_stage(words, kind, stage)}", line) for (kind, stage), line in _open(view)],
            words,
            _STAGE,
        ),
        _pairs(
            "reasons", ((words.or_key(f"handoff.{reason}"), number) for reason, number in view.reasons.items()), words
        ),
        _pairs("recorded", ((words(f"management.recorded.{name}"), view.recorded[name]) for name in _RECORDED), words),
        trend(view, words),
    ]
    return [table for table in found if table.rows]


def summary(view: Overview, words: DeskWords) -> Table:
    """The tiles of the page, as a sheet."""
    rows: list[Row] = [(words(f"management.{name}"), get(view.total)) for name, get in _LINE.items()]
    rows += [
        (words("management.waiting"), view.unanswered),
        (words("management.answer"), minutes(view.answers.median)),
        (words("management.answer_most"), minutes(view.answers.most)),
        (words("management.acknowledged"), minutes(view.acknowledged.median)),
        (words("management.restricted"), words("management.few") if view.restricted is None else view.restricted),
    ]
    return _table("summary", ("name", "value"), rows, words)


def trend(view: Overview, words: DeskWords) -> Table:
    rows: list[Row] = [(point.label, point.opened, point.decided) for point in view.trend]
    return _table("trend", ("when", "opened", "decided"), rows, words)


def service_title(profile: Profile, id: str, language: str) -> str:
    service = profile.service(id)
    return service.title.to(language) if service else id


def minutes(seconds: float | None) -> int | None:
    """Whole minutes, none below one."""
    return None if seconds is None else max(round(seconds / 60), 1)


def _open(view: Overview) -> list[tuple[tuple[str, str], Line]]:
    return sorted(view.stages.items(), key=lambda item: (list(view.kinds).index(item[0][0]), -item[1].open))


def _stage(words: DeskWords, kind: str, stage: str) -> str:
    return words.or_key(f"at_stage.{kind}.{stage}")


def _lines(
    id: str, lines: Iterable[tuple[str, Line]], words: DeskWords, columns: Iterable[str] = tuple(_LINE)
) -> Table:
    columns = tuple(columns)
    rows: list[Row] = [(name, *(_LINE[column](line) for column in columns)) for name, line in lines]
    return _table(id, ("name", *columns), rows, words)


def _officers(view: Overview, words: DeskWords, names: Mapping[int, str]) -> Table:
    rows: list[Row] = []
    for id, line in sorted(view.officers.items(), key=lambda item: names.get(item[0], "")):
        waited: Spread = line.answers
        rows.append(
            (
                names.get(id, str(id)),
                *(_LINE[column](line) for column in _OFFICER),
                *(waited.number, minutes(waited.median), minutes(waited.most)),
            )
        )
    return _table("officers", ("name", *_OFFICER, "answered", "answer", "answer_most"), rows, words)


def _subjects(view: Overview, words: DeskWords, profile: Profile) -> Table:
    """Complaints by subject; a column for each outcome that occurred."""
    titles = {subject.id: subject.title.to(words.language) for subject in profile.complaints.subjects}
    outcomes = sorted({outcome for counted in view.subjects.values() for outcome in counted})
    rows: list[Row] = [
        (
            titles.get(subject, subject or words("management.no_subject")),
            counted.total(),
            *(counted[one] for one in outcomes),
        )
        for subject, counted in view.subjects.items()
    ]
    head = [
        words("management.name"),
        words("management.opened"),
        *(words.or_key(f"management.outcome.{one}") for one in outcomes),
    ]
    return Table("subjects", words("management.table.subjects"), head, rows)


def _pairs(id: str, pairs: Iterable[tuple[str, int]], words: DeskWords) -> Table:
    rows: list[Row] = [*sorted(pairs, key=lambda pair: -pair[1])]
    return _table(id, ("name", "value"), rows, words)


def _table(id: str, head: Iterable[str], rows: list[Row], words: DeskWords) -> Table:
    return Table(id, words(f"management.table.{id}"), [words(f"management.{name}") for name in head], rows)

"""`wasl audit`: whether the chain of what everybody did is whole, and its head, to be noted elsewhere."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from bot.frontline import FrontLine
from storage import audit_chain
from storage.audit_chain import LATE, Break, Checked, Tail
from storage.times import MINUTE, moment, ms

_NOTED = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")
_WHAT = {
    "changed": "link {number} (audit row {audit}): the row, or its link, is not what was linked",
    "gone": "link {number} (audit row {audit}): the row was taken out",
    "missing": "before link {number} (audit row {audit}): links were taken out",
    "stray": "audit row {audit} says it is linked and is not in the chain",
    "cut": "the head that was noted, {number}, does not stand in the chain: its end was cut off, or it was made anew",
    "key": "the chain's key is gone or was changed: restore the row 'audit chain' of table meta from a copy",
}
WAITS = 10 * MINUTE
"""With the service running nothing waits so long to be linked. Milliseconds."""


class NotNoted(ValueError):
    """A noted head that is not written as `wasl audit head` prints it."""


def read_noted(text: str) -> tuple[int, str]:
    """NUMBER:DIGEST. Raises NotNoted."""
    match = _NOTED.fullmatch(text.strip())
    if match is None:
        raise NotNoted(f"{text}: write it as wasl audit head printed it, NUMBER:DIGEST")
    return int(match[1]), match[2]


def those(line: FrontLine, association: str) -> list[str]:
    """The one named, else every association that is served or has ever had a chain; `*` is the house's own."""
    return [association] if association else sorted({*line.associations, *line.database.read_now(audit_chain.chained)})


def head(line: FrontLine, associations: Iterable[str]) -> list[str]:
    """The newest link of each, as `--noted` takes it."""
    lines = []
    for one in associations:
        found = line.database.read_now(audit_chain.head, one)
        told = f"{found.number}:{found.digest} {_time(found.at)}" if found.number else "no link yet"
        lines.append(f"{one} {told}")
    return lines


def verify(line: FrontLine, associations: Iterable[str], noted: tuple[int, str] | None) -> tuple[list[str], bool]:
    """What was found, and whether every chain is whole."""
    lines: list[str] = []
    whole = True
    for one in associations:
        checked = audit_chain.verify_all(line.database, line.vault, one, noted)
        waits = line.database.read_now(audit_chain.tail, one)
        lines += _told(one, checked, waits)
        whole = whole and not checked.broken
    return lines, whole


def _told(association: str, checked: Checked, waits: Tail) -> Iterable[str]:
    if checked.broken:
        yield f"{association}: BROKEN — {checked.links} links verified, {checked.broken} breaks:"
        yield from (f"  {_WHAT[one.what].format(**_named(one))}" for one in checked.breaks)
        if checked.broken > len(checked.breaks):
            yield f"  and {checked.broken - len(checked.breaks)} more"
    elif checked.links:
        yield f"{association}: whole — {checked.links} links verified; head {checked.number}:{checked.digest}"
    else:
        yield f"{association}: nothing is linked yet"
    if checked.late:
        yield (
            f"  {checked.late} rows were linked more than {LATE // MINUTE} minutes after they were written: "
            "the service stood still then, or the chain was made anew"
        )
    if waits.since is not None:
        yield f"  {waits.rows} rows wait to be linked, the oldest since {_time(waits.since)}"
        if ms(datetime.now(UTC)) - waits.since > WAITS:
            yield "  that is too long while the service runs: see its log (audit_not_linked, round_failed)"


def _named(one: Break) -> dict[str, object]:
    return {"number": one.number, "audit": one.audit}


def _time(at: int) -> str:
    return f"{moment(at):%Y-%m-%d %H:%M:%S} UTC"

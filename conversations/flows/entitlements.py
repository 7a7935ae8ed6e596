"""What an accepted request entitles to, as its person sees it: told of each delivery, asked of each whether it arrived.

Source: T steps 6 and 7, Harif ح-3. Every button looks up what is true now: an old one, pressed twice or after staff
changed something, shows where it stands and changes nothing.
"""

from typing import Any

from conversations.asking import offer
from conversations.cases.calendar import here, said
from conversations.cases.entitlement import named
from conversations.effects import EntitlementAnswered, Lookup
from conversations.events import CaseMoved, Found
from conversations.flows import own_moves
from conversations.moment import Moment
from conversations.says import BUTTON_TITLE, ROW_TITLE, Option
from conversations.ways import queue
from conversations.world import CaseView

_SHOWN = ("registered", "delivered")
Row = dict[str, Any]


def buttons(moment: Moment, entitlement: str, reference: str) -> tuple[Option, ...]:
    """Under the words that one was delivered."""
    return (
        Option(f"got:{entitlement}-{reference}", moment.words("option.got")),
        Option(f"not:{entitlement}-{reference}", moment.words("option.not_got")),
    )


def option(moment: Moment, case: CaseView) -> tuple[Option, ...]:
    """The way to the list, where there is one."""
    if case.kind != "request" or case.stage not in _SHOWN:
        return ()
    return (Option(f"owed:{case.reference}", moment.words("option.owed")),)


def told(moment: Moment, event: CaseMoved) -> tuple[str, tuple[Option, ...]]:
    """What the message of a delivery says first, and its own buttons: of the last one, beside the case's own words."""
    entitlement = event.given.get("entitlement", "")
    if event.move == "deliver" and entitlement:
        what = named(event.given["what"], event.given.get("amount", ""), moment.language, moment.words)
        return moment.words("entitlements.delivered_now", what=what) + "\n", ()
    if event.move == "deliver_one" and entitlement:
        return "", buttons(moment, entitlement, event.reference)
    if event.move == "register":
        return "", (Option(f"owed:{event.reference}", moment.words("option.owed")),)
    return "", ()


# --- asked for, or answered -------------------------------------------------------------------------------------------


def look(moment: Moment, purpose: str, what: str) -> None:
    """A button: `<id>-<reference>`, or the reference alone."""
    id, _, reference = what.partition("-") if what[:1].isdigit() else ("", "", what)
    moment.do(Lookup(lookup="entitlements", key=f"{purpose} {id}:{reference}"))


def which_not(moment: Moment, case: CaseView) -> None:
    """The whole was delivered, and they say it was not: what of it?"""
    look(moment, "which", case.reference)


def found(moment: Moment, event: Found) -> None:
    purpose, _, id = event.key.partition(":")[0].partition(" ")
    case = own_moves.case_of(moment, event.result["reference"]) if event.result else None
    if case is None or case.kind != "request":
        own_moves.not_now(moment)
        return
    rows: list[Row] = event.result["rows"]
    one = next((row for row in rows if row["id"] == id and row["state"] == "delivered"), None)
    if purpose == "got" and one is not None and own_moves.is_move(case, "confirm_one"):
        _answered(moment, case, "confirm_one", id, received=True)
    elif purpose == "not" and (one is not None or (not id and case.stage == "delivered")):
        _not_received(moment, case, id)
    elif purpose == "which":
        _which(moment, case, [row for row in rows if row["state"] == "delivered"])
    elif purpose == "that" and one is not None:
        what = _name(moment, one)
        offer(moment, moment.words("entitlements.ask", what=what), buttons(moment, id, case.reference))
    else:
        _show(moment, case, rows)


def _which(moment: Moment, case: CaseView, delivered: list[Row]) -> None:
    if len(delivered) < 2:
        _not_received(moment, case, delivered[0]["id"] if delivered else "")
        return
    options = tuple(
        Option(f"not:{row['id']}-{case.reference}", row["what"][:ROW_TITLE], row["what"] if _long(row) else "")
        for row in delivered
    )
    nothing = Option(f"not:{case.reference}", moment.words("option.none_came"))
    offer(moment, moment.words("entitlements.which"), (*options, nothing))


def _not_received(moment: Moment, case: CaseView, id: str) -> None:
    name = "not_received" if case.stage == "delivered" else "not_received_one"
    if not own_moves.is_move(case, name):
        own_moves.not_now(moment)
        return
    queue(moment, "not_received", reference=case.reference)
    _answered(moment, case, name, id, received=False)


def _answered(moment: Moment, case: CaseView, name: str, id: str, received: bool) -> None:
    effect = EntitlementAnswered(reference=case.reference, entitlement=id, received=received)
    own_moves.make(moment, case, effect, {}, name)


def _show(moment: Moment, case: CaseView, rows: list[Row]) -> None:
    if not rows:
        offer(moment, moment.words("entitlements.none"), moment.options("/track", "/menu"))
        return
    lines = "\n".join(_line(moment, row) for row in rows)
    text = moment.words("entitlements.head", reference=case.reference) + "\n" + lines
    delivered = [row for row in rows if row["state"] == "delivered"]
    if len(delivered) == 1:
        text += "\n\n" + moment.words("entitlements.ask", what=_name(moment, delivered[0]))
        offer(moment, text, (*buttons(moment, delivered[0]["id"], case.reference), *moment.options("/menu")))
        return
    options = tuple(
        Option(f"that:{row['id']}-{case.reference}", row["what"][: BUTTON_TITLE if len(delivered) < 3 else ROW_TITLE])
        for row in delivered
    )
    offer(moment, text, (*options, *moment.options("/track", "/menu")))


def _line(moment: Moment, row: Row) -> str:
    what, due, state = _name(moment, row), row["due"], row["state"]
    if state != "owed":
        return moment.words(f"entitlements.{state}", what=what)
    if due is None:
        return moment.words("entitlements.owed", what=what)
    key = "entitlements.late" if due < moment.world.now else "entitlements.owed_by"
    return moment.words(key, what=what, day=said(here(due).date(), moment.language))


def _name(moment: Moment, row: Row) -> str:
    return named(row["what"], row["amount"], moment.language, moment.words)


def _long(row: Row) -> bool:
    return len(row["what"]) > ROW_TITLE


own_moves.INSTEAD["not_received"] = which_not

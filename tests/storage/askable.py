"""People to ask, written as rows: an address or more, a case, their word on being asked."""

from typing import Any

from sqlalchemy import Connection, insert

from storage.ids import new_id
from storage.schema import case_moves, cases, consents, conversations
from storage.times import DAY

SLUG = "harif"
NOW = 1_795_330_800_000
"""Sunday 22 November 2026, 10:00 in Riyadh."""


def address(connection: Connection, person: int | None, **more: Any) -> int:
    """A conversation; its id."""
    id = new_id()
    row = {
        "association": SLUG,
        "id": id,
        "channel": "whatsapp",
        "handle_index": id.to_bytes(8),
        "handle": b"-",
        "beneficiary": person,
        "last_in": NOW - DAY,
        "updated": NOW - DAY,
    }
    connection.execute(insert(conversations).values(**row | more))
    return id


def case(connection: Connection, person: int | None, **more: Any) -> int:
    id = new_id()
    row = {
        "association": SLUG,
        "id": id,
        "reference": f"HRF-{id}",
        "kind": "request",
        "stage": "delivered",
        "service": "training",
        "beneficiary": person,
        "opened_at": NOW - 30 * DAY,
        "updated": NOW - DAY,
    }
    connection.execute(insert(cases).values(**row | more))
    return id


def move(connection: Connection, case_id: int, to: str, at: int, name: str = "deliver") -> None:
    row = {"association": SLUG, "case_id": case_id, "seq": new_id(), "move": name, "to_stage": to, "at": at}
    connection.execute(insert(case_moves).values(**row))


def says(connection: Connection, person: int, given: bool, purpose: str = "survey") -> int:
    id = new_id()
    row = {
        "association": SLUG,
        "id": id,
        "beneficiary": person,
        "conversation": 1,
        "purpose": purpose,
        "given": given,
        "at": NOW - DAY,
    }
    connection.execute(insert(consents).values(**row))
    return id


def somebody(connection: Connection, person: int, **more: Any) -> int:
    """Who may be asked: with an address, a case and a yes. Returns the conversation; `more`: of the case."""
    id = address(connection, person)
    case(connection, person, **more)
    says(connection, person, True)
    return id

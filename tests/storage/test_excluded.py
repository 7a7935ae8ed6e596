"""What is kept from a worker of a person's conversations, on both databases."""

from sqlalchemy import Connection, insert, select, update

from storage import conversations, excluded
from storage.database import Database
from storage.excluded import Excluded
from storage.ids import new_id
from storage.schema import cases
from storage.schema import conversations as conversations_table
from storage.vault import Vault

NOW = 1_795_000_000_000
ME, OTHER = 7, 8


def address(connection: Connection, vault: Vault, handle: str, beneficiary: int | None, holder: str = "bot") -> int:
    key = ("harif", "telegram", handle)
    id = conversations.take(connection, vault, [key], NOW)[key].id
    c = conversations_table
    connection.execute(update(c).where(c.c.id == id).values(beneficiary=beneficiary, holder=holder))
    return id


def case(connection: Connection, beneficiary: int | None, conversation: int | None) -> int:
    id = new_id()
    connection.execute(
        insert(cases).values(
            association="harif", id=id, reference=f"HRF-{id}", kind="complaint", stage="received",
            beneficiary=beneficiary, conversation=conversation, opened_at=NOW, updated=NOW,
        )
    )  # fmt: skip
    return id


def keep(connection: Connection, subject: str, who: int) -> None:
    excluded.add(connection, "harif", [Excluded(subject, who, excluded.BY_HAND, 0, NOW)])


def test_every_address_of_a_person_is_kept_away_with_the_case_or_with_one_of_them(
    database: Database, vault: Vault
) -> None:
    def work(connection: Connection) -> None:
        mine, hers, his = new_id(), new_id(), new_id()
        filed, joined = address(connection, vault, "1", mine), address(connection, vault, "2", mine)
        address(connection, vault, "3", his)
        hidden, beside = address(connection, vault, "4", hers), address(connection, vault, "5", hers)
        alone = address(connection, vault, "6", None)
        keep(connection, excluded.case(case(connection, mine, None)), ME)
        keep(connection, excluded.conversation(hidden), ME)
        keep(connection, excluded.case(case(connection, None, None)), ME)
        keep(connection, excluded.conversation(alone), OTHER)

        def kept(association: str, who: int | None = None) -> set[int]:
            return {row.id for row in connection.execute(excluded.talks(association, who))}

        assert kept("harif", ME) == {filed, joined, hidden, beside}
        assert kept("harif", OTHER) == {alone}
        assert kept("harif") == {filed, joined, hidden, beside, alone}
        assert kept("ruhama") == set()
        everything = [row.id for row in connection.execute(select(conversations_table.c.id))]
        pairs = {(id, ME) for id in kept("harif", ME)} | {(id, OTHER) for id in kept("harif", OTHER)}
        assert excluded.from_talks(connection, "harif", everything) == pairs
        assert excluded.from_talks(connection, "harif", [joined]) == {(joined, ME)}

    database.write_now(work)


def test_what_is_in_the_hands_of_whoever_must_not_see_it_is_found(database: Database, vault: Vault) -> None:
    def work(connection: Connection) -> None:
        mine = new_id()
        address(connection, vault, "1", mine, f"staff:{OTHER}")
        held = address(connection, vault, "2", mine, f"staff:{ME}")
        address(connection, vault, "3", None, f"staff:{ME}")
        keep(connection, excluded.case(case(connection, mine, None)), ME)
        assert excluded.holding(connection, "harif") == [(held, ME)]
        assert excluded.holding(connection, "ruhama") == []

    database.write_now(work)

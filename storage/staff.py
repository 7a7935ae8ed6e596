"""Workers: accounts that sign in once for the whole house, and what each association lets them do (`members`)."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, and_, insert, select, update

from storage.ids import new_id
from storage.schema import cases, conversations, handoffs
from storage.schema_desk import HOUSE, appointments, members, staff
from storage.vault import Vault, context

LOGIN, NAME, TOTP = "staff.login", "staff.name", "staff.totp"
SUBJECT, TELEGRAM = "staff.subject", "staff.telegram"


class Account(msgspec.Struct, kw_only=True):
    """Who signs in. `password` is argon2's own text, empty until one is chosen; milliseconds."""

    id: int
    login: str
    name: str
    language: str = "ar"
    password: str = ""
    totp: str = ""
    totp_step: int = 0
    has_subject: bool = False
    """Signs in by single sign-on too."""
    disabled_at: int | None = None


class Member(NamedTuple):
    """What one association lets a worker do. `categories`: of a contact officer, `category` or `category/field`."""

    association: str
    staff: int
    roles: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    branch: str = ""
    woman: bool = False
    capacity: int = 10
    presence: str = "auto"
    seen_at: int = 0
    ended_at: int | None = None


class Colleague(NamedTuple):
    """A member with the name shown to the others."""

    member: Member
    name: str


def login_index(vault: Vault, login: str) -> bytes:
    return vault.blind(HOUSE, "login", login.strip().casefold())


def add(connection: Connection, vault: Vault, login: str, name: str, now: int, *, language: str = "ar") -> int:
    """A new account's id; an account of the same login is an error of the database's."""
    id = new_id()
    connection.execute(
        insert(staff).values(
            association=HOUSE,
            id=id,
            login_index=login_index(vault, login),
            login=vault.seal(login.strip().encode(), context(LOGIN, HOUSE, id)),
            name=vault.seal(name.strip().encode(), context(NAME, HOUSE, id)),
            language=language,
            at=now,
        )
    )
    return id


def by_login(connection: Connection, vault: Vault, login: str) -> Account | None:
    s = staff.c
    found = connection.execute(
        select(staff).where(s.association == HOUSE, s.login_index == login_index(vault, login))
    ).first()
    return None if found is None else _account(vault, found)


def by_id(connection: Connection, vault: Vault, id: int) -> Account | None:
    s = staff.c
    found = connection.execute(select(staff).where(s.association == HOUSE, s.id == id)).first()
    return None if found is None else _account(vault, found)


def change(connection: Connection, id: int, **changed: Any) -> None:
    """Columns of an account as they are stored: sealed ones sealed by the caller."""
    s = staff.c
    connection.execute(update(staff).where(s.association == HOUSE, s.id == id).values(**changed))


def rename(connection: Connection, vault: Vault, id: int, name: str) -> None:
    change(connection, id, name=vault.seal(name.strip().encode(), context(NAME, HOUSE, id)))


def set_totp(connection: Connection, vault: Vault, id: int, secret: str, step: int = 0) -> None:
    """An authenticator's secret, and the step it was proven with; empty: none any more."""
    sealed = vault.seal(secret.encode(), context(TOTP, HOUSE, id)) if secret else None
    change(connection, id, totp=sealed, totp_step=step)


def take_step(connection: Connection, id: int, step: int) -> bool:
    """A code is taken once: False where this step, or a later one, was taken before."""
    s = staff.c
    later = update(staff).where(s.association == HOUSE, s.id == id, s.totp_step < step)
    return bool(connection.execute(later.values(totp_step=step)).rowcount)


def any_account(connection: Connection) -> bool:
    return connection.execute(select(staff.c.id).limit(1)).first() is not None


# --- members ---------------------------------------------------------------------------------------------------------


def join(connection: Connection, member: Member, now: int) -> None:
    """Make somebody a member of an association, or change what they may do there."""
    m = members.c
    values = {
        "roles": " ".join(sorted(member.roles)),
        "categories": " ".join(sorted(member.categories)),
        "branch": member.branch,
        "woman": member.woman,
        "capacity": member.capacity,
        "ended_at": member.ended_at,
    }
    known = connection.execute(
        update(members).where(m.association == member.association, m.staff == member.staff).values(**values)
    )
    if not known.rowcount:
        connection.execute(insert(members).values(association=member.association, staff=member.staff, at=now, **values))


def memberships(connection: Connection, id: int) -> list[Member]:
    """Where a worker belongs now, by slug."""
    m = members.c
    query = select(members).where(m.staff == id, m.ended_at.is_(None)).order_by(m.association)
    return [_member(row) for row in connection.execute(query)]


def member_of(connection: Connection, association: str, id: int) -> Member | None:
    m = members.c
    found = connection.execute(
        select(members).where(m.association == association, m.staff == id, m.ended_at.is_(None))
    ).first()
    return None if found is None else _member(found)


def colleagues(connection: Connection, vault: Vault, association: str, *, ended: bool = False) -> list[Colleague]:
    """Everybody of an association, longest here first; those whose access ended only where asked for."""
    m, s = members.c, staff.c
    query = (
        select(members, s.name.label("sealed_name"))
        .join(staff, and_(s.association == HOUSE, s.id == m.staff))
        .where(m.association == association)
        .order_by(m.at, m.staff)
    )
    if not ended:
        query = query.where(m.ended_at.is_(None), s.disabled_at.is_(None))
    return [
        Colleague(_member(row), vault.open(row.sealed_name, context(NAME, HOUSE, row.staff)).decode())
        for row in connection.execute(query)
    ]


def names(connection: Connection, vault: Vault, ids: Iterable[int]) -> dict[int, str]:
    """What these workers are called, whether they still work here or not."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    s = staff.c
    rows = connection.execute(select(s.id, s.name).where(s.association == HOUSE, s.id.in_(wanted)))
    return {row.id: vault.open(row.name, context(NAME, HOUSE, row.id)).decode() for row in rows}


def leave(connection: Connection, association: str, id: int, now: int) -> None:
    """End somebody's access to an association. What they had in hand is nobody's: open cases, offers of waiting
    conversations (looked at again now), appointments to come. Conversations are passed on before (bot/leaving.py)."""
    m, c, h, a = members.c, cases.c, handoffs.c, appointments.c
    connection.execute(
        update(members).where(m.association == association, m.staff == id, m.ended_at.is_(None)).values(ended_at=now)
    )
    connection.execute(
        update(cases).where(c.association == association, c.holder == id, c.closed_at.is_(None)).values(holder=None)
    )
    offered = (h.association == association, h.offered_to == id, h.done_at.is_(None))
    connection.execute(update(handoffs).where(*offered).values(offered_to=None, due=now))
    agreed = a.state.in_(("requested", "offered", "confirmed"))
    connection.execute(
        update(appointments).where(a.association == association, a.staff == id, agreed).values(staff=None)
    )


def conversations_of(connection: Connection, association: str, id: int) -> list[int]:
    """Which conversations a worker holds."""
    c = conversations.c
    held = select(c.id).where(c.association == association, c.holder == f"staff:{id}", c.holder != "bot")
    return list(connection.scalars(held.order_by(c.id)))


def holding(connection: Connection, association: str, role: str) -> set[int]:
    """Who has this role now, their rows locked: so that the last one of a role stays."""
    m, s = members.c, staff.c
    query = (
        select(m.staff, m.roles)
        .join(staff, and_(s.association == HOUSE, s.id == m.staff))
        .where(m.association == association, m.ended_at.is_(None), s.disabled_at.is_(None))
        .order_by(m.staff)
    )
    return {row.staff for row in connection.execute(query.with_for_update(of=members)) if role in row.roles.split()}


def set_presence(connection: Connection, association: str, id: int, presence: str) -> None:
    """auto (present while the desk was looked at lately) or away."""
    m = members.c
    connection.execute(update(members).where(m.association == association, m.staff == id).values(presence=presence))


def saw(connection: Connection, association: str, id: int, now: int) -> None:
    """They looked at the desk: presence is counted from here."""
    m = members.c
    connection.execute(update(members).where(m.association == association, m.staff == id).values(seen_at=now))


# --- Telegram --------------------------------------------------------------------------------------------------------


def telegram_index(vault: Vault, user: int | str) -> bytes:
    return vault.blind(HOUSE, "telegram", str(user))


def bind_telegram(connection: Connection, vault: Vault, id: int, user: int | None) -> None:
    """This Telegram account is this worker's, and no other's any more; None: the worker has none."""
    s = staff.c
    index = None if user is None else telegram_index(vault, user)
    if index is not None:
        others = (s.association == HOUSE) & (s.telegram_index == index) & (s.id != id)
        connection.execute(update(staff).where(others).values(telegram_index=None, telegram=None))
    sealed = None if user is None else vault.seal(str(user).encode(), context(TELEGRAM, HOUSE, id))
    change(connection, id, telegram_index=index, telegram=sealed)


def has_telegram(connection: Connection, id: int) -> bool:
    s = staff.c
    return connection.scalar(select(s.telegram_index).where(s.association == HOUSE, s.id == id)) is not None


def telegram_of(connection: Connection, vault: Vault, id: int) -> str:
    """The Telegram account they bound, which is also the chat they read; empty for none."""
    s = staff.c
    sealed = connection.scalar(select(s.telegram).where(s.association == HOUSE, s.id == id, s.disabled_at.is_(None)))
    return vault.open(sealed, context(TELEGRAM, HOUSE, id)).decode() if sealed else ""


def by_telegram(connection: Connection, vault: Vault, user: int) -> Account | None:
    """Whose Telegram account this is; None where it is nobody's, or their account is closed."""
    s = staff.c
    query = select(staff).where(
        s.association == HOUSE, s.telegram_index == telegram_index(vault, user), s.disabled_at.is_(None)
    )
    found = connection.execute(query).first()
    return None if found is None else _account(vault, found)


# --- single sign-on ---------------------------------------------------------------------------------------------------


def subject_index(vault: Vault, subject: str) -> bytes:
    return vault.blind(HOUSE, "subject", subject)


def by_subject(connection: Connection, vault: Vault, subject: str) -> Account | None:
    """Whom an issuer calls so. `subject`: the issuer's address and its own name of a person."""
    s = staff.c
    query = select(staff).where(s.association == HOUSE, s.subject_index == subject_index(vault, subject))
    found = connection.execute(query).first()
    return None if found is None else _account(vault, found)


def bind_subject(connection: Connection, vault: Vault, id: int, subject: str) -> None:
    sealed = vault.seal(subject.encode(), context(SUBJECT, HOUSE, id))
    change(connection, id, subject_index=subject_index(vault, subject), subject=sealed)


# --- the archive's own ------------------------------------------------------------------------------------------------


def reindex(connection: Connection, vault: Vault) -> int:
    """Make anew what workers are found by, under the index key at hand; how many."""
    s = staff.c
    rows = connection.execute(select(s.association, s.id, s.login, s.subject, s.telegram)).all()
    for association, id, *sealed in rows:
        login, subject, telegram = (
            None if value is None else vault.open(value, context(place, association, id)).decode()
            for place, value in zip((LOGIN, SUBJECT, TELEGRAM), sealed, strict=True)
        )
        connection.execute(
            update(staff)
            .where(s.association == association, s.id == id)
            .values(
                login_index=login_index(vault, login or ""),
                subject_index=None if subject is None else subject_index(vault, subject),
                telegram_index=None if telegram is None else telegram_index(vault, telegram),
            )
        )
    return len(rows)


def _account(vault: Vault, row: Row[Any]) -> Account:
    def opened(name: str, sealed: bytes | None) -> str:
        return vault.open(sealed, context(name, HOUSE, row.id)).decode() if sealed else ""

    return Account(
        id=row.id,
        login=opened(LOGIN, row.login),
        name=opened(NAME, row.name),
        totp=opened(TOTP, row.totp),
        has_subject=row.subject_index is not None,
        **{name: getattr(row, name) for name in ("language", "password", "totp_step", "disabled_at")},
    )


def _member(row: Row[Any]) -> Member:
    return Member(
        row.association,
        row.staff,
        frozenset(row.roles.split()),
        frozenset(row.categories.split()),
        row.branch,
        row.woman,
        row.capacity,
        row.presence,
        row.seen_at,
        row.ended_at,
    )

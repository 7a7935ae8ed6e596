"""One-time secure pages: bound to a conversation, valid for a time, used up by submitting and never by opening.

One without steps is the person's own page (conversations/flows/own_page.py), used up by the press that opens it."""

import json
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from storage.schema import forms
from storage.vault import digest_token

_OWN = "[]"
"""The steps of the person's own page."""


class Form(NamedTuple):
    """A page. The token is never kept, its digest is. Milliseconds."""

    association: str
    form: str
    conversation: int
    steps: tuple[str, ...]
    until: int
    used_at: int | None = None


def add(connection: Connection, given: Form, token: str, now: int) -> None:
    """Keep a new page. A form ends those that the same conversation has open: a renewed link replaces the old one."""
    f = forms.c
    if given.steps:
        connection.execute(
            update(forms)
            .where(
                f.association == given.association,
                f.conversation == given.conversation,
                f.steps != _OWN,
                f.used_at.is_(None),
                f.until > now,
            )
            .values(until=now)
        )
    connection.execute(
        insert(forms).values(
            association=given.association,
            form=given.form,
            conversation=given.conversation,
            token_digest=digest_token(token),
            steps=json.dumps(given.steps),
            until=given.until,
            at=now,
        )
    )


def by_token(connection: Connection, association: str, token: str, own: bool = False) -> Form | None:
    """The page a link leads to, whether still valid or not: the caller compares `until` and `used_at`. `own`: the
    person's own page, which no form is."""
    f = forms.c
    query = select(f.association, f.form, f.conversation, f.steps, f.until, f.used_at).where(
        f.association == association, f.token_digest == digest_token(token), f.steps == _OWN if own else f.steps != _OWN
    )
    row = connection.execute(query).first()
    return None if row is None else Form(row[0], row[1], row[2], tuple(json.loads(row[3])), row[4], row[5])


def use(connection: Connection, association: str, token: str, now: int, own: bool = False) -> Form | None:
    """Use the page up; None where it was used, has ended or never was. Of two submissions at once one gets it."""
    f = forms.c
    row = connection.execute(
        update(forms)
        .where(
            f.association == association,
            f.token_digest == digest_token(token),
            f.steps == _OWN if own else f.steps != _OWN,
            f.used_at.is_(None),
            f.until > now,
        )
        .values(used_at=now)
        .returning(f.association, f.form, f.conversation, f.steps, f.until, f.used_at)
    ).first()
    return None if row is None else Form(row[0], row[1], row[2], tuple(json.loads(row[3])), row[4], row[5])

"""Where a command runs: the settings, the profiles and the front line at hand, or every mistake at once and an exit."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from bot.frontline import FrontLine
    from bot.settings import Settings
    from conversations.association.association import Association

Slug = Annotated[str, typer.Argument(metavar="ASSOCIATION", help="Its slug, such as harif", show_default=False)]


def fail(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise SystemExit(1)


def settings_here() -> "Settings":
    from bot.settings import BadSettings, read_settings

    try:
        return read_settings()
    except BadSettings as error:
        fail(str(error))


def associations_here(settings: "Settings") -> "list[Association]":
    """Those this process serves; every mistake of any profile or account stops here, the whole list at once."""
    from bot.settings import BadSettings, check_accounts
    from conversations.association.load import load_associations
    from conversations.association.mistakes import ProfileMistakes

    try:
        found = load_associations(settings.associations)
        check_accounts(settings, [one.slug for one in found])
    except (ProfileMistakes, BadSettings) as error:
        fail(str(error))
    return [one for one in found if not settings.only or one.slug in settings.only]


def association_here(settings: "Settings", slug: str) -> "Association":
    return named({one.slug: one for one in associations_here(settings)}, slug)


def named(known: "Mapping[str, Association]", slug: str) -> "Association":
    if slug not in known:
        fail(f"{slug}: no such association — one of {', '.join(sorted(known))}")
    return known[slug]


@contextmanager
def line_here(association: str = "") -> "Iterator[FrontLine]":
    """A front line for a command beside `serve`: nothing of it is started."""
    from bot.frontline import build
    from bot.keys import NoKeys
    from storage.database import DatabaseAway, NotMigrated
    from storage.vault import VaultError

    settings = settings_here()
    known = {one.slug: one for one in associations_here(settings)}
    if association:
        named(known, association)
    try:
        line = build(settings, known, serving=False)
        try:
            yield line
        finally:
            line.database.close()
    except (NoKeys, VaultError, NotMigrated, DatabaseAway) as error:
        fail(words_of(error))


_REMEDIES = {
    "the database is away": "is it running, and are host, name, user and password in WASL_DATABASE_URL right?",
    "SQLITE_CANTOPEN": "the database cannot be opened or made: may this user write in the folder WASL_DATA?",
    "SQLITE_READONLY": "the database cannot be written: may this user write in the folder WASL_DATA?",
    "SQLITE_PERM": "the database cannot be written: may this user write in the folder WASL_DATA?",
    "SQLITE_FULL": "the disk is full: make room where WASL_DATA lies",
    "SQLITE_NOTADB": "that file is no database: see WASL_DATABASE_URL and WASL_DATA",
    "SQLITE_CORRUPT": "the database is damaged: restore the newest backup (deploy/README.md)",
}
"""By how what the storage says begins."""


def words_of(error: Exception) -> str:
    said = str(error) or "the database is away"
    remedy = next((remedy for begins, remedy in _REMEDIES.items() if said.startswith(begins)), "")
    return f"{said} — {remedy}" if remedy else said

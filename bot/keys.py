"""The keys of a house: held against its database, made beside a new one, never beside one that has its own."""

import os
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from bot.log import log
from bot.settings import Settings
from storage import keys
from storage.database import Database
from storage.vault import Vault

if TYPE_CHECKING:
    pass


class NoKeys(Exception):
    """The database was made with keys that are not here: none are made beside it."""


def open_vault(settings: Settings, database: Database) -> Vault:
    """The keys, held against the database. Raises NoKeys, WrongKey."""
    vault = Vault(*read_keys(settings, database))
    database.write_now(_check, vault)
    return vault


def read_keys(settings: Settings, database: Database) -> tuple[tuple[str, ...], str]:
    """Sealing keys and index key: of the environment, else those made beside a new database. Raises NoKeys."""
    from storage.vault import generate_key

    path = settings.data / "keys.env"
    sealing, index = settings.keys, settings.index_key
    if not sealing and path.exists():
        made = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
        sealing, index = tuple(made["WASL_KEYS"].split(",")), made["WASL_INDEX_KEY"]
    elif not sealing:
        if database.read_now(keys.established):
            raise NoKeys(
                "WASL_KEYS and WASL_INDEX_KEY are not set, and this database was made with keys: "
                "set them to the ones it was made with"
            )
        sealing, index = (generate_key(),), generate_key()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"WASL_KEYS={sealing[0]}\nWASL_INDEX_KEY={index}\n")
        log.info("keys_made", file=str(path))
    if not index:
        raise NoKeys("WASL_INDEX_KEY is not set: WASL_KEYS needs it beside")
    return sealing, index


def _check(connection: Connection, vault: Vault) -> None:
    keys.check(connection, vault)

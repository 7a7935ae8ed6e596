"""Passwords as argon2 keeps them. Each takes a fifth of a second and 64 MiB on purpose: two at once, in threads of
their own, so that a crowd at the door takes neither the memory nor the threads of everybody else."""

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 10, 200
"""Characters."""
DIFFERENT = 5
"""Of them, at least."""


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="passwords")


@cache
def _nobodys() -> str:
    return _hasher().hash("nobody has this password")


async def hashed(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_threads(), hashed_now, password)


async def fits(kept: str, password: str) -> bool:
    """Whether this is the password. As slow for an account that does not exist, so that nobody can tell."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), _fits, kept, password)


def hashed_now(password: str) -> str:
    return _hasher().hash(_plain(password))


def _fits(kept: str, password: str) -> bool:
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return _hasher().verify(kept or _nobodys(), _plain(password)[:LONGEST]) and bool(kept)
    except (Argon2Error, InvalidHashError):
        return False


def _plain(password: str) -> str:
    """The same characters from every keyboard."""
    return unicodedata.normalize("NFKC", password)


def wrong_with(password: str, again: str, *others: str) -> str:
    """Why a new password is not taken: `short`, `long`, `easy`, `known` (it is their login or name), `differs`; empty:
    it is. The key of its sentence is `password.<why>`."""
    chosen = _plain(password)
    if len(chosen) < SHORTEST:
        return "short"
    if len(chosen) > LONGEST:
        return "long"
    if len(set(chosen)) < DIFFERENT:
        return "easy"
    parts = {part.casefold() for one in others for part in (one, one.partition("@")[0]) if len(part) > 3}
    if chosen.casefold() in parts:
        return "known"
    return "" if chosen == _plain(again) else "differs"

"""Passwords as argon2 keeps them. Each takes a fifth of a second on purpose: call these in a thread."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 10
"""Characters."""


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher().hash("nobody has this password")


def hashed(password: str) -> str:
    return _hasher().hash(password)


def fits(kept: str, password: str) -> bool:
    """Whether this is the password. As slow for an account that does not exist, so that nobody can tell."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return _hasher().verify(kept or _nobodys(), password) and bool(kept)
    except (Argon2Error, InvalidHashError):
        return False

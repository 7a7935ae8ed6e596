"""Whole numbers that a browser sends: anybody can type anything into a form or an address."""

MOST = (1 << 63) - 1
"""The largest id of a row, and the largest a database takes."""


def whole(given: str) -> int | None:
    """What stands there in the digits 0 to 9 alone, and None for anything else: signs, other scripts' digits, «²»."""
    fits = given.isascii() and given.isdigit() and len(given) < 20 and int(given) <= MOST
    return int(given) if fits else None


def place(given: str, parts: int) -> tuple[int, ...] | None:
    """Where a list goes on, as so many whole numbers joined by hyphens; None for anything else: its beginning."""
    found = [number for one in given.split("-") if (number := whole(one)) is not None]
    return tuple(found) if len(found) == parts == given.count("-") + 1 else None


def pair(given: str) -> tuple[int, int] | None:
    found = place(given, 2)
    return (found[0], found[1]) if found else None

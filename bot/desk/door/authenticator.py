"""The second step of signing in: six digits that an authenticator on the phone shows, and codes on paper for the day
on which there is no phone."""

import hmac
import secrets

SECONDS = 30
DRIFT = 1
"""Steps that a phone's clock may be off, either way."""
PAPER_CODES = 8
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike on paper."""


def new_secret() -> str:
    import pyotp

    return pyotp.random_base32()


def address(secret: str, login: str) -> str:
    """What the QR code holds, and what a press on the phone itself opens."""
    import pyotp

    return str(pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Wasl"))


def picture(address: str) -> str:
    """As a data: URI of an SVG, black on white whatever the page's colours."""
    import segno

    return str(segno.make(address, error="m").svg_data_uri(scale=5, border=4, dark="#000", light="#fff"))


def step_of(secret: str, typed: str, now: float, after: int = 0) -> int | None:
    """The step whose code was typed, newer than the last one taken (`after`): no code is taken twice. `now` in seconds;
    None: wrong, or taken before."""
    import pyotp

    code = digits(typed)
    if len(code) != 6:
        return None
    here, shown = int(now) // SECONDS, pyotp.HOTP(secret)
    steps = range(here - DRIFT, here + DRIFT + 1)
    return next((step for step in steps if step > after and hmac.compare_digest(shown.at(step), code)), None)


def digits(typed: str) -> str:
    """As a phone shows them and as an Arabic keyboard writes them; empty for anything else."""
    from conversations.arabic.normalise import ascii_digits

    plain = ascii_digits(typed).replace(" ", "").replace("-", "")
    return plain if plain.isascii() and plain.isdigit() else ""


def new_paper_codes() -> list[str]:
    """Sixteen letters each, some 79 bits: nobody finds one by its digest."""
    return ["-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4)) for _ in range(PAPER_CODES)]


def plain(typed: str) -> str:
    """A code of the paper as it was printed, however it was typed."""
    letters = "".join(one for one in typed.lower() if one in _LETTERS)
    return "-".join(letters[place : place + 4] for place in range(0, len(letters), 4)) if len(letters) == 16 else ""

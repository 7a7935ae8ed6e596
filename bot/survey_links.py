"""The link to the survey of one person: a token of the wave and the conversation that was invited, and of a proof that
nobody else can make. It says nothing of anybody."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from storage.vault import Vault

_NUMBER, _PROOF = 8, 9


def link(vault: Vault, public_url: str, association: str, wave: int, conversation: int) -> str:
    return f"{public_url}/{association}/survey/{token(vault, association, wave, conversation)}"


def token(vault: Vault, association: str, wave: int, conversation: int) -> str:
    raw = wave.to_bytes(_NUMBER) + conversation.to_bytes(_NUMBER)
    return urlsafe_b64encode(raw + _proof(vault, association, raw)).decode().rstrip("=")


def behind(vault: Vault, association: str, given: str) -> tuple[int, int] | None:
    """The wave and the conversation of a token; None for one that is not ours."""
    try:
        whole = urlsafe_b64decode(given + "=" * (-len(given) % 4))
    except ValueError:
        return None
    wave, conversation = (int.from_bytes(part) for part in (whole[:_NUMBER], whole[_NUMBER : 2 * _NUMBER]))
    # As it was written, letter for letter: base64 has several ways to write the same bytes.
    if not hmac.compare_digest(given.encode(), token(vault, association, wave, conversation).encode()):
        return None
    return wave, conversation


def _proof(vault: Vault, association: str, raw: bytes) -> bytes:
    return vault.blind(association, "survey_page", raw.hex())[:_PROOF]

"""The link by which people stop messages that they cannot answer: a token of the message's row, which nobody can guess
and which says nothing of anybody."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from storage.vault import Vault

_ROW, _PROOF = 8, 9


def link(vault: Vault, public_url: str, association: str, row: int) -> str:
    return f"{public_url}/{association}/stop/{token(vault, association, row)}"


def token(vault: Vault, association: str, row: int) -> str:
    return urlsafe_b64encode(row.to_bytes(_ROW) + _proof(vault, association, row)).decode().rstrip("=")


def row_of(vault: Vault, association: str, token: str) -> int | None:
    """The message that a token came with; None for one that is not ours."""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    row = int.from_bytes(raw[:_ROW])
    fits = len(raw) == _ROW + _PROOF and hmac.compare_digest(raw[_ROW:], _proof(vault, association, row))
    return row if fits else None


def _proof(vault: Vault, association: str, row: int) -> bytes:
    return vault.blind(association, "way_out", str(row))[:_PROOF]

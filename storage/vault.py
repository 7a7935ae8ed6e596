"""What is sealed and how it is found again: AES-GCM under WASL_KEYS, keyed hashes under WASL_INDEX_KEY (rule 9).

A sealed value is one byte of format, four of the key's id, twelve of nonce, then the ciphertext and its tag. The
context (table, column, association, id) is authenticated with it, so that a value copied elsewhere does not open.
Nonces are random: change the key before a few thousand million values.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORMAT = b"\x01"
_HEAD, _NONCE = 5, 12


class VaultError(Exception):
    """Says what is wrong with a key or a sealed value, never its content."""


class BadKey(VaultError):
    """A key in the settings is no base64 of 32 bytes, or there is none."""


class WrongKey(VaultError):
    """Sealed under a key that is not among the given ones."""


class Tampered(VaultError):
    """The value, or the place it stands in, is not what was sealed."""


def generate_key() -> str:
    """A new key, as WASL_KEYS and WASL_INDEX_KEY take it."""
    return base64.b64encode(os.urandom(32)).decode()


def digest_token(token: str) -> bytes:
    """What is kept of a one-time token: its SHA-256 (tokens are random, so they need no key)."""
    return hashlib.sha256(token.encode()).digest()


def context(place: str, association: str, row: int) -> bytes:
    """`place` is table.column."""
    return f"{place}:{association}:{row}".encode()


class Vault:
    """`keys` are base64 of 32 bytes each, newest first; the newest seals, all open. Raises BadKey."""

    def __init__(self, keys: Sequence[str], index_key: str) -> None:
        if not keys:
            raise BadKey("WASL_KEYS is empty: give at least one key (wasl keys new)")
        raw = [_decoded(key, "WASL_KEYS") for key in keys]
        self._ciphers = {_id_of(key): AESGCM(key) for key in raw}
        self._newest = self._ciphers[_id_of(raw[0])]
        self._prefix = _FORMAT + _id_of(raw[0])
        self._index_key = _decoded(index_key, "WASL_INDEX_KEY")

    @property
    def newest(self) -> bytes:
        """The id of the key that seals."""
        return self._prefix[1:]

    @property
    def prefix(self) -> bytes:
        """What every value sealed under the newest key begins with."""
        return self._prefix

    def seal(self, data: bytes, context: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return self._prefix + nonce + self._newest.encrypt(nonce, data, context)

    def open(self, blob: bytes, context: bytes) -> bytes:
        """Raises WrongKey or Tampered."""
        cipher = self._ciphers.get(blob[1:_HEAD])
        if cipher is None or blob[:1] != _FORMAT:
            raise WrongKey(f"sealed under key {key_name(blob[1:_HEAD])}, which WASL_KEYS does not hold")
        try:
            return cipher.decrypt(blob[_HEAD : _HEAD + _NONCE], blob[_HEAD + _NONCE :], context)
        except InvalidTag:
            raise Tampered(f"a sealed value of {context.decode()} does not open: it was changed or moved") from None

    def blind(self, association: str, domain: str, value: str) -> bytes:
        """What a whole value is found by: sixteen bytes nobody can compute or reverse without the index key.

        The caller normalises (a whole word, a whole number); `domain` keeps equal values of different meaning apart.
        """
        return hmac.digest(self._index_key, f"{association}\0{domain}\0{value}".encode(), "sha256")[:16]


def key_name(key_id: bytes) -> str:
    return key_id.hex() or "none"


def _id_of(key: bytes) -> bytes:
    return hashlib.sha256(b"wasl key id" + key).digest()[:4]


def _decoded(key: str, setting: str) -> bytes:
    try:
        raw = base64.b64decode(key.strip(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise BadKey(f"{setting}: every key is base64 of 32 bytes (wasl keys new makes one)")
    return raw

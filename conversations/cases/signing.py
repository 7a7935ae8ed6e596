"""What a signature covers: a digest of the answers that anyone can recompute, and the version of the words signed.

Source: T step 4, Harif ت-4 (confirmation, signature, direct responsibility).
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SHORT = 16
"""Hex digits of the digest that a receipt's QR carries: enough to tell two apart, short enough for a small picture."""


def canonical(value: Any) -> bytes:
    """The one way to write these values: JSON with sorted keys, no spaces, UTF-8, and whole numbers without a point (as
    RFC 8785 does, so that 3.0 read back as 3 changes no digest). Raises TypeError or ValueError for what JSON cannot
    hold (NaN, bytes, a key that is no text)."""
    text = json.dumps(_settled(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def answers_digest(answers: Mapping[str, Any]) -> str:
    """Hex SHA-256 over the canonical answers."""
    return hashlib.sha256(canonical(answers)).hexdigest()


def wording_version(wording: str) -> str:
    """Names the exact words of a declaration or a consent: twelve hex digits of their SHA-256. Taken of the sentence
    before its placeholders are filled, so that everyone who read the same words has the same version."""
    return hashlib.sha256(wording.encode()).hexdigest()[:12]


def short(digest: str) -> str:
    return digest[:SHORT]


def _settled(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("a key that is no text")
        return {key: _settled(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_settled(one) for one in value]
    return value

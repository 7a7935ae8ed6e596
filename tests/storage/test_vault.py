"""Sealing, and the keys over their lives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.vault import BadKey, Tampered, Vault, WrongKey, context, digest_token, generate_key

OLD, NEW, INDEX = generate_key(), generate_key(), generate_key()
PLACE = context("messages.body", "harif", 7)


@given(st.binary(max_size=500), st.binary(max_size=50))
def test_what_is_sealed_opens_as_it_was(data: bytes, place: bytes) -> None:
    vault = Vault([NEW], INDEX)
    sealed = vault.seal(data, place)
    assert vault.open(sealed, place) == data
    assert len(data) < 4 or data not in sealed


def test_the_same_value_is_never_sealed_the_same_way() -> None:
    vault = Vault([NEW], INDEX)
    assert vault.seal(b"x", PLACE) != vault.seal(b"x", PLACE)


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    vault = Vault([NEW], INDEX)
    sealed = bytearray(vault.seal("سرّ".encode(), PLACE))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises((Tampered, WrongKey)):
        vault.open(bytes(sealed), PLACE)


@given(st.binary(max_size=40))
def test_what_was_never_sealed_does_not_open(blob: bytes) -> None:
    with pytest.raises((Tampered, WrongKey)):
        Vault([NEW], INDEX).open(blob, PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        context("messages.body", "harif", 8),
        context("messages.body", "ruhama", 7),
        context("cases.body", "harif", 7),
    ],
)
def test_a_value_moved_elsewhere_does_not_open(elsewhere: bytes) -> None:
    vault = Vault([NEW], INDEX)
    with pytest.raises(Tampered):
        vault.open(vault.seal(b"x", PLACE), elsewhere)


def test_older_keys_open_and_the_newest_seals() -> None:
    old, both, new = Vault([OLD], INDEX), Vault([NEW, OLD], INDEX), Vault([NEW], INDEX)
    assert both.open(old.seal(b"x", PLACE), PLACE) == b"x"
    assert new.open(both.seal(b"x", PLACE), PLACE) == b"x"
    with pytest.raises(WrongKey) as caught:
        new.open(old.seal(b"secret", PLACE), PLACE)
    assert old.newest.hex() in str(caught.value)
    assert OLD not in str(caught.value)


@pytest.mark.parametrize("keys", [[], ["short"], ["a" * 44], [NEW, "!"], [NEW[:-4]]])
def test_a_key_that_is_none_is_refused_with_the_remedy(keys: list[str]) -> None:
    with pytest.raises(BadKey, match="wasl keys new"):
        Vault(keys, INDEX)
    with pytest.raises(BadKey, match="WASL_INDEX_KEY"):
        Vault([NEW], "")


def test_a_blind_index_is_stable_under_its_key_and_keeps_meanings_apart() -> None:
    vault = Vault([NEW], INDEX)
    found = vault.blind("harif", "phone", "+966500000001")
    assert found == Vault([OLD], INDEX).blind("harif", "phone", "+966500000001")
    others = {
        vault.blind("ruhama", "phone", "+966500000001"),
        vault.blind("harif", "handle:whatsapp", "+966500000001"),
        vault.blind("harif", "phone", "+966500000002"),
        Vault([NEW], NEW).blind("harif", "phone", "+966500000001"),
    }
    assert len(found) == 16
    assert len(others) == 4
    assert found not in others


def test_a_token_is_kept_as_a_digest() -> None:
    assert digest_token("abc") == digest_token("abc") != digest_token("abd")

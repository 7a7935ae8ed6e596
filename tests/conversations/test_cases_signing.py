"""What a signature covers."""

import hashlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.cases.signing import answers_digest, canonical, short, wording_version

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES))
def test_a_digest_outlives_storing_and_any_order_of_the_answers(answers: dict[str, object]) -> None:
    digest = answers_digest(answers)
    assert answers_digest(dict(reversed(answers.items()))) == digest
    assert answers_digest(msgspec.msgpack.decode(msgspec.msgpack.encode(answers))) == digest
    assert answers_digest(json.loads(json.dumps(answers))) == digest


def test_anyone_can_recompute_the_digest() -> None:
    answers = {"need": "ترميم", "amount": 3.0, "photos": ["a"]}
    assert canonical(answers) == '{"amount":3,"need":"ترميم","photos":["a"]}'.encode()
    assert answers_digest(answers) == hashlib.sha256('{"amount":3,"need":"ترميم","photos":["a"]}'.encode()).hexdigest()


@pytest.mark.parametrize("other", [{"need": "ترميم "}, {"need": "ترميم", "more": None}, {"Need": "ترميم"}, {}])
def test_any_change_changes_the_digest(other: dict[str, object]) -> None:
    assert answers_digest(other) != answers_digest({"need": "ترميم"})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {1: "one"}])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        answers_digest({"x": value})


def test_the_version_names_the_exact_words() -> None:
    assert wording_version("أُقرّ") == wording_version("أُقرّ")
    assert wording_version("أُقرّ") != wording_version("أقر")
    assert len(wording_version("أُقرّ")) == 12


def test_the_short_digest_begins_the_long_one() -> None:
    digest = answers_digest({})
    assert digest.startswith(short(digest)) and len(short(digest)) == 16

"""Whom a complaint names: in doubt somebody is kept away, and a colleague lets them in again."""

import pytest

from conversations.cases.named import named

STAFF = {1: "نورة بنت سعد السالم", 2: "عبدالله محمد العتيبي", 3: "محمد الغامدي", 4: "Sara Hill", 5: "محمد السالم"}


@pytest.mark.parametrize(
    ("said", "who"),
    [
        ("نورة السالم", {1}),
        ("الأستاذة نوره سالم من قسم العلاقات", {1}),
        ("موظفة اسمها نورة", {1}),
        ("عبد الله العتيبي", {2}),
        ("الأخ عبدالله بن محمد", {2}),
        ("محمد", set()),
        ("محمد الغامدى", {3}),
        ("محمد السالم", {5}),
        ("sara hill", {4}),
        ("Mrs Sara", {4}),
        ("موظف الاستقبال", set()),
        ("لا أعرف اسمه", set()),
        ("السالم", set()),
        ("", set()),
    ],
)
def test_names_are_recognised_however_they_are_written(said: str, who: set[int]) -> None:
    assert named(said, STAFF) == who


def test_a_name_of_one_word_is_enough_when_it_is_the_whole_name() -> None:
    assert named("كانت أمل هناك اليوم", {1: "أمل", 2: "أمل الحربي"}) == {1}
    assert named("أمل", {1: "أمل", 2: "أمل الحربي"}) == {1}
    assert named("أمل", {1: "أمل القحطاني", 2: "أمل الحربي"}) == set()

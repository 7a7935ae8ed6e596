"""Statistics of counted answers, against numbers worked out by hand (or printed in tables)."""

import pytest

from conversations.association.survey import Question
from conversations.association.tables import Choice, Words
from conversations.surveys.scoring import ANSWERED, scored
from conversations.surveys.statistics import Stop, counted, margin, mean, nps, share, shown, stops, t_quantile

NAMED = Words(ar="س", en="q")


def question(kind: str, *choices: str) -> Question:
    offered = tuple(Choice(id=one, title=NAMED) for one in choices)
    return Question.model_validate({"id": "q", "kind": kind, "title": NAMED, "ask": NAMED, "choices": offered})


@pytest.mark.parametrize(
    ("hits", "number", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962)],
)
def test_a_share_has_wilsons_interval(hits: int, number: int, low: float, high: float) -> None:
    found = share(hits, number)
    assert found == pytest.approx((hits / number, low, high), abs=1e-4)


def test_where_half_of_everybody_answered_the_interval_is_narrower_and_where_all_did_there_is_none() -> None:
    # n = 5 of N = 10 counts as 5 · 9 / 5 = 9 answers.
    assert share(4, 5, 10) == pytest.approx((0.8, 0.4738, 0.9467), abs=1e-4)
    assert share(4, 5, 5) == (0.8, 0.8, 0.8)
    assert share(4, 5, 10_000_000) == pytest.approx(share(4, 5), abs=1e-4)


def test_a_mean_has_the_t_interval() -> None:
    # Mean 20 / 5 = 4; squares 3 · 1 + 0 + 9 = 12; variance 12 / 4 = 3; t(4) = 2.7764; half 2.7764 · √(3 / 5) = 2.1506.
    scores = {5: 3, 4: 1, 1: 1}
    assert mean(scores) == pytest.approx((4.0, 1.8494, 6.1506), abs=2e-3)
    # Of ten people: the same times √(5 / 9).
    assert mean(scores, 10) == pytest.approx((4.0, 2.3970, 5.6030), abs=2e-3)
    assert mean({5: 1}) is None
    assert mean({}) is None


@pytest.mark.parametrize(
    ("freedom", "printed"), [(1, 12.706), (2, 4.303), (4, 2.776), (5, 2.571), (9, 2.262), (29, 2.045), (120, 1.980)]
)
def test_the_quantile_of_t_is_that_of_the_tables(freedom: int, printed: float) -> None:
    assert t_quantile(freedom) == pytest.approx(printed, abs=1.5e-3)


def test_nps_is_promoters_less_detractors_in_points() -> None:
    # 5 promoters, 3 between, 2 detractors of 10: 30 points; √((0.7 - 0.09) / 10) · 1.96 = 48.4.
    assert nps({10: 3, 9: 2, 8: 2, 7: 1, 6: 1, 0: 1}) == pytest.approx((30.0, -18.4, 78.4), abs=0.05)
    assert nps({}) is None


def test_the_margin_of_a_sample_is_corrected_for_a_small_population() -> None:
    assert margin(400) == pytest.approx(0.0490, abs=1e-4)
    assert margin(400, 1000) == pytest.approx(0.0380, abs=1e-4)
    assert margin(100, 100) == 0
    assert margin(0) == 1


def test_a_scale_is_counted_into_shares_satisfaction_and_a_mean_best_answer_first() -> None:
    found = counted(question("scale"), {"5": 4, "4": 4, "1": 2})
    assert [(key, many) for key, many, _ in found.options] == [("5", 4), ("4", 4), ("3", 0), ("2", 0), ("1", 2)]
    assert found.number == 10
    assert found.satisfied == pytest.approx((0.8, 0.4902, 0.9433), abs=1e-4)
    assert found.mean is not None and found.mean.value == pytest.approx(3.8)
    assert found.points is None


def test_recommendation_has_points_and_no_share_of_the_satisfied() -> None:
    found = counted(question("recommend"), {"10": 5, "6": 5})
    assert found.points is not None and found.points.value == 0
    assert (found.satisfied, found.mean, len(found.options)) == (None, None, 11)


def test_yes_and_no_is_a_share() -> None:
    found = counted(question("yes_no"), {"1": 3, "0": 1})
    assert found.satisfied is not None and found.satisfied.value == 0.75
    assert found.mean is None


def test_of_several_choices_people_are_counted_and_not_choices() -> None:
    several = question("choices", "a", "b")
    totals: dict[str, int] = {}
    for given in (["a", "b"], ["a"], ["b"], ["a"]):
        for key in scored(several, given).counted:
            totals[key] = totals.get(key, 0) + 1
    assert totals[ANSWERED] == 4
    found = counted(several, totals)
    assert found.number == 4
    assert [(key, many, one.value) for key, many, one in found.options] == [("a", 3, 0.75), ("b", 2, 0.5)]


def test_open_words_are_a_number_and_nothing_answered_is_nothing() -> None:
    assert counted(question("words"), {"words": 7})[:3] == ("q", 7, ())
    assert counted(question("scale"), {})[:3] == ("q", 0, ())


def test_a_choice_that_is_offered_no_more_stands_at_the_end() -> None:
    found = counted(question("choice", "a"), {"a": 1, "old": 2, ANSWERED: 3})
    assert [key for key, _, _ in found.options] == ["a", "old"]


def test_where_people_stop_is_told_from_what_they_skipped() -> None:
    # Ten began; the second question was skipped by two who went on; one left before the second, three before the third.
    assert stops(10, [10, 7, 6], 6) == [Stop(10, 10, 0), Stop(7, 7, 3), Stop(6, 6, 1)]
    assert stops(10, [8, 2, 9], 9) == [Stop(9, 8, 1), Stop(9, 2, 0), Stop(9, 9, 0)]
    assert stops(0, [0, 0], 0) == [Stop(0, 0, 0), Stop(0, 0, 0)]


@pytest.mark.parametrize(
    ("groups", "total", "seen"),
    [
        ({"a": 20, "b": 9}, 29, "ab"),
        # Four of c would be the whole less a and b: b, the smallest shown, goes with it.
        ({"a": 20, "b": 9, "c": 4}, 33, "a"),
        # Two small ones hide behind each other: five together.
        ({"a": 20, "b": 9, "c": 4, "d": 1}, 34, "ab"),
        ({"a": 20, "b": 9, "c": 2, "d": 2}, 33, "a"),
        # Who is in no group could be had in the same way.
        ({"a": 20, "b": 9}, 31, "a"),
        ({"a": 20, "b": 9}, 34, "ab"),
        ({"a": 5, "b": 4}, 9, ""),
        ({"a": 4}, 4, ""),
        ({}, 0, ""),
    ],
)
def test_no_group_under_five_is_shown_nor_had_by_taking_others_from_the_whole(
    groups: dict[str, int], total: int, seen: str
) -> None:
    open_ = shown(groups, total, 5)
    assert open_ == frozenset(seen)
    left = total - sum(groups[one] for one in open_)
    assert left == 0 or left >= 5 or total < 5, "what the page does not show at all"


def test_no_mean_is_said_to_lie_outside_of_its_scale() -> None:
    found = counted(question("scale"), {"5": 4, "1": 1})
    assert found.mean is not None
    _, low, high = found.mean
    assert low == pytest.approx(1.98, abs=0.01) and high == 5

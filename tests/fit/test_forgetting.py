"""How much a stream forgets, in rows."""

from math import exp, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmix.fit import Forgetting

WEIGHTS = st.floats(1e-3, 1e6)
RULES = st.builds(
    Forgetting,
    st.floats(0.5, 1.0, exclude_min=True),
    st.one_of(st.none(), st.floats(1.0, 1e6)),
)


@given(rule=RULES, first=WEIGHTS, more=WEIGHTS, one=WEIGHTS, other=WEIGHTS)
def test_a_block_forgets_what_its_parts_forget(rule, first, more, one, other):
    seen = first + more
    parts = rule.loss(first, seen, one) + rule.loss(first, seen + one, other)
    assert rule.loss(first, seen, one + other) == pytest.approx(parts, rel=1e-9)


@given(rule=RULES, first=WEIGHTS, more=WEIGHTS, one=WEIGHTS, other=WEIGHTS)
def test_more_rows_forget_more(rule, first, more, one, other):
    assert rule.loss(first, first + more, one) < rule.loss(first, first + more, one + other)


@given(rule=RULES, first=WEIGHTS, more=WEIGHTS, weight=WEIGHTS, scale=st.floats(1e-6, 1e6))
def test_only_ratios_of_weights_count(rule, first, more, weight, scale):
    half_life = None if rule.half_life is None else scale * rule.half_life
    scaled = Forgetting(rule.decay, half_life).loss(scale * first, scale * (first + more), scale * weight)
    assert scaled == pytest.approx(rule.loss(first, first + more, weight), rel=1e-9)


@given(first=WEIGHTS, more=WEIGHTS, weight=WEIGHTS)
def test_without_decay_all_rows_count_alike(first, more, weight):
    seen = first + more
    assert exp(-Forgetting(1.0).loss(first, seen, weight)) == pytest.approx(seen / (seen + weight), rel=1e-9)


@given(first=WEIGHTS, decay=st.floats(0.51, 1.0), growth=st.floats(1.0, 1e6))
def test_the_memory_grows_as_the_documents_say(first, decay, growth):
    weight = 1e-9 * first
    memory = weight / Forgetting(decay).loss(first, growth * first, weight)
    assert memory == pytest.approx(first * growth**decay, rel=1e-6)


def test_after_a_half_life_half_is_left():
    late = Forgetting(0.7, half_life=100.0)
    assert exp(-late.loss(50.0, 1e9, 100.0)) == pytest.approx(0.5, rel=1e-12)
    assert exp(-late.loss(50.0, 1e9, 300.0)) == pytest.approx(0.125, rel=1e-12)


def test_until_the_rate_has_fallen_to_it_a_half_life_changes_nothing():
    assert Forgetting(0.7, 1e6).loss(100.0, 100.0, 500.0) == Forgetting(0.7).loss(100.0, 100.0, 500.0) < inf

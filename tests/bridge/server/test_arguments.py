from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.protocol import BY_REQUEST, RENDER_KEYS
from bridge.server.arguments import BadRequest, read_arguments

RENDER = BY_REQUEST["/umtn/render"]
JOB = ("a", "/in.wav", "flute")


def test_keys_come_in_pairs_after_an_output_that_may_be_missing() -> None:
    assert read_arguments(RENDER, JOB) == {"id": "a", "input": "/in.wav", "target": "flute"}
    assert read_arguments(RENDER, [*JOB, "/out.wav"])["output"] == "/out.wav"
    assert read_arguments(RENDER, [*JOB, "seed", 3])["seed"] == 3
    both = read_arguments(RENDER, [*JOB, "/out.wav", "seed", 3, "unit", "samples"])
    assert (both["output"], both["seed"], both["unit"]) == ("/out.wav", 3, "samples")


def test_whole_numbers_may_come_as_floats_and_become_whole() -> None:
    values = read_arguments(RENDER, [*JOB, "seed", 7.0, "segments", 4.0, "priority", -2.0])
    assert [values[key] for key in ("seed", "segments", "priority")] == [7, 4, -2]
    assert all(isinstance(values[key], int) for key in ("seed", "segments", "priority"))


def test_segments_are_a_number_or_a_word() -> None:
    assert read_arguments(RENDER, [*JOB, "segments", "auto"])["segments"] == "auto"
    with pytest.raises(BadRequest, match="segments"):
        read_arguments(RENDER, [*JOB, "segments", "many"])


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ([*JOB, "sede", 7], "has no key 'sede'; the keys are model, start"),
        ([*JOB, "seed", "7"], "expects i:seed(0..2147483647) for seed, not '7'"),
        ([*JOB, "seed", 7.5], "not 7.5"),
        ([*JOB, "seed", -1], "i:seed(0..2147483647)"),
        ([*JOB, "seed", 1, "seed", 1], "seed twice"),
        ([*JOB, "top_p", 0.0], "f:top_p(>0..1)"),
        ([*JOB, "mix", math.nan], "f:mix(0..1) for mix, not nan"),
        ([*JOB, "start", math.inf], "start"),
        ([*JOB, "unit", "beats"], "s:unit(seconds|samples)"),
        ([*JOB, "mix", True], "a value of type bool"),
        ([*JOB, "mix", None], "a value of type NoneType"),
        ([*JOB, "mix", b"x"], "a value of type bytes"),
        ([*JOB, 3], "expects s:output"),
        ([*JOB, 3, 4], "has no key 3"),
        (["a", "/in.wav"], "The form is /umtn/render s:id s:input s:target [s:output]"),
        ([1, "/in.wav", "flute"], "expects s:id"),
        (["a\nb", "/in.wav", "flute"], "expects s:id"),
        (["a" * 129, "/in.wav", "flute"], "expects s:id"),
        ([], "got no arguments"),
    ],
)
def test_what_is_wrong_is_answered_with_the_expected_form(sent: list[Any], said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read_arguments(RENDER, sent)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 500


def test_more_than_there_is_use_for_is_wrong() -> None:
    with pytest.raises(BadRequest, match=r"The form is /umtn/cancel s:id \[i:reply_port"):
        read_arguments(BY_REQUEST["/umtn/cancel"], ["a", 9000, "more"])


ANYTHING = st.one_of(
    st.integers(), st.floats(), st.text(), st.binary(), st.booleans(), st.none(),
    st.sampled_from([key.name for key in RENDER_KEYS]),
)  # fmt: skip


@given(st.sampled_from(sorted(BY_REQUEST)), st.lists(ANYTHING, max_size=9))
def test_whatever_is_accepted_is_within_its_range(address: str, sent: list[Any]) -> None:
    message = BY_REQUEST[address]
    try:
        values = read_arguments(message, sent)
    except BadRequest as error:
        assert 10 < len(str(error)) < 800
        return
    known = {a.name: a for a in (*message.arguments, *message.optional, *message.keys)}
    for name, value in values.items():
        argument = known[name]
        if isinstance(value, str):
            assert "s" in argument.types
            assert not argument.choices or value in argument.choices
        else:
            assert argument.minimum is None or value >= argument.minimum
            assert argument.maximum is None or value <= argument.maximum

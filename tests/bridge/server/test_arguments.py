from __future__ import annotations

import math
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.protocol import BY_REQUEST, RENDER_KEYS
from bridge.server.arguments import BadRequest, read_arguments
from bridge.server.packets import NotUtf8

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


def test_numbers_may_come_as_text_as_text_fields_and_symbols_do() -> None:
    sent = [*JOB, "seed", "7", "mix", "0.5", "start", " 1e1", "segments", "4", "transpose", "-12.0"]
    values = read_arguments(RENDER, sent)
    assert [values[key] for key in sent[3::2]] == [7, 0.5, 10.0, 4, -12]
    assert isinstance(values["seed"], int) and isinstance(values["transpose"], int)
    assert read_arguments(RENDER, ["7", "7", "7"])["id"] == "7"


@pytest.mark.parametrize("typed", ["CPU-int8", " cpu_int8 ", "cpu int8"])
def test_an_engine_is_known_however_it_is_written(typed: str) -> None:
    assert read_arguments(RENDER, [*JOB, "engine", typed])["engine"] == "cpu-int8"
    assert read_arguments(RENDER, [*JOB, "engine", "abacus"])["engine"] == "abacus"  # refused later


def test_wrong_numbers_are_repeated_as_they_came_with_the_range_beside_a_word() -> None:
    with pytest.raises(BadRequest, match=r"seed\(0\.\.2147483647\) for seed, not 123456\.5\."):
        read_arguments(RENDER, [*JOB, "seed", 123456.5])
    with pytest.raises(
        BadRequest, match=r"i\|s:segments\(auto\|1\.\.1024\) for segments, not 2000\."
    ):
        read_arguments(RENDER, [*JOB, "segments", 2000])


def test_choices_are_known_regardless_of_case() -> None:
    sent = [*JOB, "unit", "Samples", "channels", "MONO", "segments", " Auto", "transpose", "OCTAVE"]
    values = read_arguments(RENDER, sent)
    assert [values[key] for key in sent[3::2]] == ["samples", "mono", "auto", "octave"]


@pytest.mark.parametrize(
    "text",
    ["Prise\u00a01", "\u202fPM\u3000", "a\u200c\u00ad\u202e\ue000\u0378\u2028", "\U0001f3bb", " "],
)
def test_text_may_be_whatever_people_write(text: str) -> None:
    values = read_arguments(RENDER, [text, text, text, text])
    assert set(values.values()) == {text}


def test_the_line_end_after_a_path_is_left_to_who_looks_for_it() -> None:
    assert read_arguments(RENDER, ["a", "/in.wav\r\n", "flute"])["input"] == "/in.wav\r\n"


def test_segments_are_a_number_or_a_word() -> None:
    assert read_arguments(RENDER, [*JOB, "segments", "auto"])["segments"] == "auto"
    with pytest.raises(BadRequest, match="segments"):
        read_arguments(RENDER, [*JOB, "segments", "many"])


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ([*JOB, "sede", 7], "has no key 'sede'; the keys are model, start"),
        ([*JOB, "seed", "seven"], "expects i:seed(0..2147483647) for seed, not 'seven'"),
        ([*JOB, "seed", "7.5"], "not 7.5"),
        ([*JOB, "mix", "nan"], "not 'nan'"),
        ([*JOB, "mix", "1_0"], "not '1_0'"),
        ([*JOB, "mix", "0,5"], "not '0,5'"),
        ([*JOB, "mix", "9" * 400], "not inf"),
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
        (["a\nb", "/in.wav", "flute"], r"The id has the control character U+000A, in place 2 of"),
        (["a" * 513, "/in.wav", "flute"], "1 to 512 bytes of UTF-8, not 513"),
        (["", "/in.wav", "flute"], "1 to 512 bytes of UTF-8, not 0"),
        (
            ["a", "/in.wav", "flu\x7fte"],
            "The target of /umtn/render has the control character U+007F",
        ),
        (["a", "/" * 4097, "flute"], "The input of /umtn/render has 4097 bytes of UTF-8"),
        (["a", "\u9332" * 1366, "flute"], "The input of /umtn/render has 4098 bytes of UTF-8"),
        ([*JOB, "mo\u202edel", 1], r"has no key 'mo\u202edel'"),
        (
            ["a", NotUtf8(b"Fl\xf6te.wav"), "flute"],
            "The input of /umtn/render is not UTF-8 but 'Fl\xf6te.wav' in Latin-1 or another "
            "encoding; send all text as UTF-8.",
        ),
        ([NotUtf8(b"\xff"), "/in.wav", "flute"], "The id of /umtn/render is not UTF-8"),
        ([*JOB, "mix", NotUtf8(b"\x9b1")], r"The mix of /umtn/render is not UTF-8 but '\x9b1'"),
        ([*JOB, NotUtf8(b"\xff"), 1], "has no key text that is not UTF-8"),
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
    st.sampled_from([key.name for key in RENDER_KEYS]), st.binary().map(NotUtf8),
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
            assert argument.path or not any(unicodedata.category(c) == "Cc" for c in value)
            assert not argument.choices or value in argument.choices
        else:
            assert argument.minimum is None or value >= argument.minimum
            assert argument.maximum is None or value <= argument.maximum

"""Values that no render can have are refused with the form that is expected."""

from __future__ import annotations

import math

import msgspec
import pytest

from bridge.jobs.request import RenderRequest, RequestError, check_request, is_same

GOOD = RenderRequest(id="a", input="in.wav", target="trumpet")


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x" * 512},
        {"id": "Prise\u00a01 \u200f\u05d0\u202e\u3000\ue000\u00ad\u2028\U0001f3bb\u0378"},
        {"id": " "},
        {"unit": "samples", "start": 3.0, "length": 10.0},
        {"temperature": 0.0, "seed": 2**64 - 1, "top_p": 0.5, "mix": 0.0},
        {"segments": 8, "engine": "onnx", "channels": "mid", "priority": -7, "postfilter": 0},
        {"channels": "auto", "dynamics": 0, "transpose": -36},
        {"channels": "per-channel", "dynamics": 0.5, "transpose": "octave"},
    ],
)
def test_what_makes_sense_is_accepted(change):
    check_request(msgspec.structs.replace(GOOD, **change))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"id": ""}, "id"),
        ({"id": "x" * 513}, "not 513"),
        ({"id": "\u9332" * 171}, "not 513"),
        ({"id": "a\nb"}, r"U+000A, in place 2 of 'a\nb'"),
        ({"id": "take\x9b"}, r"U+009B, in place 5 of 'take\x9b'"),
        ({"id": "a\0"}, "U+0000"),
        ({"id": "\udcff"}, "UTF-8"),
        ({"start": -1.0}, "start"),
        ({"start": math.nan}, "finite"),
        ({"start": 1e300}, "start"),
        ({"length": 0.0}, "length"),
        ({"length": -1.0}, "length"),
        ({"length": math.inf}, "finite"),
        ({"unit": "bars"}, "unit"),
        ({"unit": "samples", "start": 0.5}, "whole"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": 1e9}, "temperature"),
        ({"top_p": 0.0}, "top_p"),
        ({"mix": 1.01}, "mix"),
        ({"channels": "quad"}, "channels"),
        ({"dynamics": -0.1}, "dynamics"),
        ({"dynamics": 1.1}, "dynamics"),
        ({"dynamics": math.nan}, "finite"),
        ({"transpose": 37}, "transpose"),
        ({"transpose": 0.5}, "transpose"),
        ({"transpose": "fifth"}, "transpose"),
        ({"segments": 0}, "segments"),
        ({"segments": "many"}, "segments"),
        ({"engine": "abacus"}, "engine"),
        ({"postfilter": 2}, "postfilter"),
        ({"priority": 10**9}, "priority"),
    ],
)
def test_what_does_not_is_refused_and_told_why(change, says):
    with pytest.raises(RequestError) as caught:
        check_request(msgspec.structs.replace(GOOD, **change))
    assert caught.value.code == "bad_request"
    assert says in caught.value.message
    assert caught.value.message.endswith(".")


def test_a_request_is_the_same_however_its_names_are_written():
    request = msgspec.structs.replace(GOOD, target=" Trumpet", model="DEFAULT")
    assert is_same(request, GOOD) and is_same(GOOD, request)
    for change in ({"target": "trombone"}, {"model": "other"}, {"seed": 1}, {"input": "IN.wav"}):
        assert not is_same(msgspec.structs.replace(GOOD, **change), GOOD)

from __future__ import annotations

from typing import Any

import pytest

from bridge.jobs.request import RenderRequest, RequestError
from bridge.jobs.span import span

RATE = 44_100
#: Four and a half seconds.
SAMPLES = 198_450


def of(unit: str = "seconds", longest: float = 3600.0, **region: Any) -> tuple[int, int]:
    request = RenderRequest("a", "/b/real.wav", "trumpet", unit=unit, **region)
    return span(request, SAMPLES, RATE, longest, "/a/in.wav")


@pytest.mark.parametrize(
    ("region", "samples"),
    [
        ({}, (0, SAMPLES)),
        ({"start": 0.5}, (22_050, 176_400)),
        ({"start": 1.0, "length": 0.1}, (44_100, 4410)),
        ({"start": 4.0, "length": 0.5009}, (176_400, 22_050)),
        ({"start": 4321.0, "length": 5001.0, "unit": "samples"}, (4321, 5001)),
        ({"start": SAMPLES - 1.0, "unit": "samples"}, (SAMPLES - 1, 1)),
    ],
)
def test_a_region_is_what_was_asked_for_to_the_sample(
    region: dict[str, Any], samples: tuple[int, int]
) -> None:
    assert of(**region) == samples


@pytest.mark.parametrize(
    ("region", "said"),
    [
        (
            {"start": 3.0, "length": 6.0},
            "The region from 3.000 s to 9.000 s is not inside /a/in.wav, which is 4.500 s long; "
            "leave the length out for all that follows its start.",
        ),
        (
            {"start": 100.0, "length": 198_351.0, "unit": "samples"},
            "The region from sample 100 to sample 198451 is not inside /a/in.wav, which has "
            "198450 samples; leave the length out for all that follows its start.",
        ),
        (
            {"start": 4.5},
            "The region begins at 4.500 s, but /a/in.wav is 4.500 s long; begin before its end.",
        ),
        (
            {"start": 198_450.0, "unit": "samples"},
            "The region begins at sample 198450, but /a/in.wav has 198450 samples; begin before "
            "its end.",
        ),
        ({"start": 4.0, "length": 0.502}, "is not inside"),
        ({"start": 5.0, "length": 1.0}, "begins at 5.000 s, but"),
        ({"length": 1e-6}, "The region is shorter than a sample; make it longer."),
        (
            {"longest": 2.0, "length": 3.0},
            "The region is 3 s long, but the bridge renders at most 2 s at once; render it in "
            "parts.",
        ),
    ],
)
def test_what_is_not_in_the_file_is_refused_in_the_unit_of_the_request(
    region: dict[str, Any], said: str
) -> None:
    with pytest.raises(RequestError) as caught:
        of(**region)
    assert caught.value.code == "audio"
    assert said in caught.value.message

"""A list of sources can be read, and makes no manifest that could not be."""

from __future__ import annotations

import msgspec
import pytest

from export.sources import MOST_LICENCES, listed
from umtn_core.bundle import TrainingSource
from umtn_core.bundle.manifest import LARGEST_MANIFEST
from umtn_core.bundle.texts import check_texts


def test_a_usual_number_is_listed_one_by_one() -> None:
    found = listed([("b.wav", "CC0"), ("a.wav", "MIT"), ("b.wav", "CC0")])
    assert found == [TrainingSource("a.wav", "MIT"), TrainingSource("b.wav", "CC0")]


def test_of_very_many_it_is_said_how_many_have_which_licence() -> None:
    notes = [(f"note {i:06}", "CC-BY-4.0") for i in range(300_000)]
    assert listed([*notes, ("a.wav", "CC0")]) == [
        TrainingSource("300000 sources, such as note 000000", "CC-BY-4.0"),
        TrainingSource("a.wav", "CC0"),
    ]


@pytest.mark.parametrize(
    "pairs",
    [
        [(f"{i}.wav", "CC-BY-4.0") for i in range(300_000)],
        [(f"{i}.wav", f"licence {i} " + "x" * 500) for i in range(20_000)],
        [(f"{i}" + "x" * 4000, "y" * 200_000) for i in range(300)],
        [(f"{i}\x1b[2J\r\x07.wav", "\x9b") for i in range(10)],
    ],
)
def test_what_is_listed_can_be_read_again(pairs: list[tuple[str, str]]) -> None:
    found = listed(pairs)
    text = msgspec.json.format(msgspec.json.encode(found), indent=2)
    assert len(text) < LARGEST_MANIFEST / 2
    check_texts(found)
    assert msgspec.json.decode(text, type=list[TrainingSource]) == found


def test_of_too_many_licences_the_rest_is_counted() -> None:
    found = listed((f"{i:05}.wav", f"licence {i:05}") for i in range(6000))
    assert len(found) == MOST_LICENCES + 1
    assert found[-1].source == "5800 sources, such as 00200.wav"
    assert found[-1].licence.startswith("5800 other licences")

"""Values of options: what is taken, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import click
import pytest

from bridge.cli.values import Number, OneOf, Whole, WholeOr


def read(kind: click.ParamType[Any], text: str) -> Any:
    return kind.convert(text, None, None)


def refusal(kind: click.ParamType[Any], text: str) -> str:
    with pytest.raises(click.BadParameter) as caught:
        read(kind, text)
    return caught.value.message


MODES = OneOf(["auto", "per-channel", "mono"])


@pytest.mark.parametrize("text", ["per-channel", "Per-Channel", "per channel", " PER_CHANNEL "])
def test_a_name_is_found_however_it_is_written(text: str) -> None:
    assert read(MODES, text) == "per-channel"


def test_of_another_name_the_known_ones_are_told() -> None:
    assert refusal(MODES, "quad") == "write auto, per-channel or mono, not 'quad'."
    assert refusal(MODES, "perchanel").endswith("not 'perchanel' (did you mean per-channel?).")


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("1", 1), (".5", 0.5), (" 1e-1 ", 0.1)])
def test_numbers_are_read(text: str, number: float) -> None:
    assert read(Number(0, 1), text) == number


@pytest.mark.parametrize("text", ["loud", "", "-0.1", "1.1", "nan", "inf", "50%"])
def test_what_is_no_such_number_is_told_which_are(text: str) -> None:
    assert refusal(Number(0, 1), text) == f"write a number from 0 to 1, not {text!r}."


def test_bounds_are_put_into_words() -> None:
    assert refusal(Number(0, 1, min_open=True), "0").startswith("write a number above 0, up to 1,")
    assert refusal(Number(0, min_open=True), "0").startswith("write a number above 0, not")
    assert refusal(Number(0.5), "0").startswith("write a number of at least 0.5, not")
    assert refusal(Number(), "x") == "write a number, not 'x'."
    assert refusal(Whole(1, 4096), "0") == "write a whole number from 1 to 4096, not '0'."
    assert refusal(Whole(8_000, 48_000), "0") == "write a whole number from 8000 to 48000, not '0'."


def test_a_comma_for_the_point_is_noticed() -> None:
    assert refusal(Number(0, 1), "0,5").endswith("not '0,5' (did you mean 0.5?).")
    assert refusal(Number(0, 1), "1,5") == "write a number from 0 to 1, not '1,5'."


@pytest.mark.parametrize("text", ["x", "1.5", "", "-1", "1e3", "nan"])
def test_whole_numbers_are_whole(text: str) -> None:
    assert refusal(Whole(0), text) == f"write a whole number of at least 0, not {text!r}."


def test_a_word_may_stand_for_a_number() -> None:
    kind = WholeOr("octave", -36, 36)
    assert [read(kind, text) for text in ("-36", "0", "+7", "octave", "Octave ")] == [
        -36, 0, 7, "octave", "octave",
    ]  # fmt: skip
    sentence = "write octave or a whole number from -36 to 36, not"
    assert refusal(kind, "37") == f"{sentence} '37'."
    assert refusal(kind, "oktave") == f"{sentence} 'oktave' (did you mean octave?)."


def test_a_comma_is_noticed_in_numbers_of_many_digits() -> None:
    assert "did you mean 1234567.5?" in refusal(Number(), "1234567,5")


@pytest.mark.parametrize("kind", [Whole(0, 2**64 - 1), Number(0, 2**64 - 1), WholeOr("auto", 1, 9)])
def test_of_what_is_very_long_a_part_is_repeated(kind: click.ParamType[Any]) -> None:
    said = refusal(kind, 5_000 * "9")
    assert len(said) < 200
    assert "not '9999" in said


def test_large_bounds_are_told_in_full() -> None:
    assert "from 0 to 18446744073709551615, not '-1'" in refusal(Whole(0, 2**64 - 1), "-1")

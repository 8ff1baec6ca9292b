"""Numbers and words as callers bring them."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from umtn_core.values import is_word, number, shown, shown_as_no_whole_number, whole_number

#: What is no single number at all, however one looks at it.
NONE = [True, np.True_, np.array(True), "1", b"1", None, 1j, [1], (1,), {}, object(), math.sqrt,
        np.array([1]), np.zeros((2, 2)), np.datetime64(1, "s"), np.array("1")]  # fmt: skip


@pytest.mark.parametrize(
    "value", [2, np.int8(2), np.uint64(2), np.array(2, "int16")], ids=lambda v: type(v).__name__
)
def test_whole_numbers_of_any_type_are_python_s_own(value):
    whole = whole_number(value)
    assert whole == 2 and type(whole) is int
    assert number(value) == 2.0 and type(number(value)) is float


@pytest.mark.parametrize(
    "value",
    [0.5, np.float16(0.5), np.float64(0.5), np.array(0.5), np.longdouble(0.5), Decimal("0.5"),
     Fraction(1, 2)],
)  # fmt: skip
def test_numbers_of_any_type_are_floats_and_not_whole(value):
    assert number(value) == 0.5 and type(number(value)) is float
    assert whole_number(value) is None


def test_tensors_of_one_number_are_numbers():
    torch = pytest.importorskip("torch")
    assert whole_number(torch.tensor(2)) == 2 and number(torch.tensor(0.5)) == 0.5
    assert whole_number(torch.tensor([2])) is None and whole_number(torch.tensor(True)) is None


@pytest.mark.parametrize("value", NONE, ids=repr)
def test_the_rest_is_no_number(value):
    assert number(value) is None and whole_number(value) is None


def test_what_no_float_holds_is_infinite():
    assert number(10**400) == math.inf and number(-(10**400)) == -math.inf
    assert math.isnan(number(Decimal("sNaN")))
    assert whole_number(10**400) == 10**400


def test_words_are_known_however_they_are_written():
    assert is_word("auto", "auto") and is_word(" AUTO ", "auto") and is_word(np.str_("a"), "a")
    for other in ("", "aut", None, 1, np.array("auto"), np.array(["auto"]), ["auto"]):
        assert not is_word(other, "auto")


def test_a_value_is_repeated_on_one_short_line():
    class Rude:
        def __repr__(self):
            raise RuntimeError("not for you")

    assert shown(np.int64(7)) == "7" and shown("7") == "'7'" and shown(math.nan) == "nan"
    assert shown(Rude()) == "this Rude" and shown(10**5000) == "this int"
    for long in ("x" * 10_000, np.zeros((99, 99)), "a\nb", [1] * 999):
        assert len(shown(long)) < 70 and "\n" not in shown(long)
    assert shown_as_no_whole_number(2.0) == "the float 2.0"
    assert shown_as_no_whole_number(2.5) == "2.5" and shown_as_no_whole_number(-1) == "-1"

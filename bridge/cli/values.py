"""What an option's value may be, and what is said of one that it may not: in words, not symbols."""

from __future__ import annotations

import math
from typing import Any

import click

from bridge.text import quoted
from umtn_core.names import did_you_mean, meant


class OneOf(click.Choice[str]):
    """One of some names, however it is written."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Find the name that is meant, or say which there are."""
        found = meant(value, self.choices)
        if len(found) == 1:
            return found[0]
        names = f"{', '.join(self.choices[:-1])} or {self.choices[-1]}"
        self.fail(
            f"write {names}, not {quoted(str(value))}{did_you_mean(value, self.choices)}.",
            param,
            ctx,
        )


class Number(click.FloatRange):
    """A number within bounds."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it, or say which numbers are meant."""
        number = _number(value)
        if number is not None and _within(self, number):
            return number
        # With a comma for the point, as many languages have it.
        other = _number(str(value).replace(",", "."))
        again = ""
        if number is None and other is not None and _within(self, other):
            again = f" (did you mean {_plain(other)}?)"
        self.fail(f"write a number{_bounds(self)}, not {quoted(str(value))}{again}.", param, ctx)


class Whole(click.IntRange):
    """A whole number within bounds."""

    name = "whole number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it, or say which numbers are meant."""
        number = _whole_number(value)
        if number is None or not _within(self, number):
            self.fail(f"write a whole number{_bounds(self)}, not {quoted(str(value))}.", param, ctx)
        return number


class WholeOr(Whole):
    """A whole number within bounds, or a word.

    Parameters
    ----------
    word
        The word that may stand for a number.
    min, max
        The bounds of the number, which is one of them or between them; None, there is none.
    """

    def __init__(self, word: str, min: int | None = None, max: int | None = None):
        super().__init__(min, max)
        self.word = word

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it, or say what is meant."""
        number = _whole_number(value)
        if number is not None and _within(self, number):
            return number
        if meant(str(value), [self.word]):
            return self.word
        again = did_you_mean(str(value), [self.word])
        self.fail(
            f"write {self.word} or a whole number{_bounds(self)}, not {quoted(str(value))}{again}.",
            param,
            ctx,
        )


def _whole_number(text: Any) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _number(text: Any) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _within(bounds: click.FloatRange | click.IntRange, number: float) -> bool:
    low, high = bounds.min, bounds.max
    above = low is None or (number > low if bounds.min_open else number >= low)
    return above and (high is None or number <= high)


def _bounds(bounds: click.FloatRange | click.IntRange) -> str:
    """Say in words which numbers are within bounds."""
    if bounds.min is None:
        return ""
    low, high = _plain(bounds.min), None if bounds.max is None else _plain(bounds.max)
    if bounds.min_open:
        return f" above {low}" if high is None else f" above {low}, up to {high}"
    return f" of at least {low}" if high is None else f" from {low} to {high}"


def _plain(number: float) -> str:
    """Write a number whole, without a point that says nothing."""
    return repr(number).removesuffix(".0")

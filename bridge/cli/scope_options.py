"""Options that say what a network was taught to hear, for commands that make bundles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.values import Whole

if TYPE_CHECKING:
    from export.scope import StatedScope

Command = Callable[..., Any]


def scope_options(otherwise: str) -> Callable[[Command], Command]:
    """``--range``, ``--voices`` and ``--material``; ``otherwise`` says what holds without them."""

    def options(command: Command) -> Command:
        for option in (
            click.option(
                "--material",
                metavar="TEXT",
                help="Kind of that music, such as 'single lines of woodwind'.",
            ),
            click.option(
                "--voices", type=Whole(1), help="Notes in it that sound at once, at most."
            ),
            click.option(
                "--range",
                "pitch_range",
                metavar="NOTE-NOTE",
                help="Lowest and highest note of the music that the network was taught to hear, "
                f"such as C4-C6.  [default, of these three: {otherwise}]",
            ),
        ):
            command = option(command)
        return command

    return options


def as_stated(pitch_range: str | None, voices: int | None, material: str | None) -> StatedScope:
    """Read the three options' values.

    Raises
    ------
    UmtnError
        If the range is none.
    """
    from export.scope import StatedScope
    from umtn_core.bundle.scope import read_range

    return StatedScope(
        None if pitch_range is None else read_range(pitch_range), voices, material or None
    )

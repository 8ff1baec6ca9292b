"""Options that several sub-commands have: what is the same of each of them in all of these.

Each function here makes one option, for one command. What it is called with is the command's own, a
help text or a default, and goes before what is said here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

#: Semitones that a recording can be transposed by.
FARTHEST = 36

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]


def _shared(*names: str, **same: Any) -> Callable[..., Decorator]:
    """Declare what all commands' options of these names have in common."""

    def of_one_command(**own: Any) -> Decorator:
        return click.option(*names, **{**same, **own})

    return of_one_command


def _segments(ctx: click.Context, param: click.Parameter, value: str) -> int | str:
    if value == "auto":
        return value
    if value.isdecimal() and int(value) >= 1:
        return int(value)
    raise click.BadParameter(f"{value} is neither auto nor a whole number from 1.", ctx, param)


def _transpose(ctx: click.Context, param: click.Parameter, value: str) -> int | str:
    semitones = whole_number(value)
    if value == "octave" or (semitones is not None and abs(semitones) <= FARTHEST):
        return value if semitones is None else semitones
    raise click.BadParameter(
        f"{value} is neither octave nor a whole number from -{FARTHEST} to {FARTHEST}.", ctx, param
    )


def whole_number(text: str) -> int | None:
    """Return the whole number that a text is, with a sign or without; None if it is none."""
    try:
        return int(text)
    except ValueError:
        return None


# What a result sounds like, and how it is decoded.

target_option = _shared("--to", "target", metavar="TARGET", help="Instrument to play it on.")

model_option = _shared(
    "--model",
    metavar="MODEL",
    default="default",
    show_default=True,
    help="Name or path of the model.",
)

seed_option = _shared("--seed", type=click.IntRange(0), default=0, show_default=True)

temperature_option = _shared("--temperature", type=click.FloatRange(min=0))

top_p_option = _shared(
    "--top-p",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Draw only from the likeliest share.",
)

mix_option = _shared(
    "--mix",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="0 is the input, 1 the translation.",
)

channels_option = _shared(
    "--channels",
    type=click.Choice(["auto", "per-channel", "mono", "mid"]),
    default="auto",
    show_default=True,
)

dynamics_option = _shared(
    "--dynamics",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="How much of the input's loud and soft is given back.",
)

transpose_option = _shared(
    "--transpose",
    callback=_transpose,
    default="0",
    show_default=True,
    metavar="SEMITONES",
    help="Semitones (-36 to 36) to raise the input by first; octave, into the model's range.",
)

segments_option = _shared(
    "--segments", callback=_segments, default="auto", show_default=True, metavar="NUMBER"
)

engine_option = _shared("--engine", metavar="NAME", help="What decodes.")

postfilter_option = _shared("--postfilter/--no-postfilter", default=True, show_default=True)

#: For an option of the above whose value is left to the bridge: it has the defaults, and checks.
LEFT_TO_BRIDGE: dict[str, Any] = {"default": None, "show_default": False, "callback": None}

# What is written, and what is said meanwhile.

output_option = _shared("-o", "--output", type=click.Path(path_type=Path))

minutes_option = _shared("--minutes", type=click.FloatRange(min=0, min_open=True))

quiet_option = _shared("--quiet", is_flag=True, help="Show no progress.")


def force_option(old: str) -> Decorator:
    """``--force``: replace what is there, which ``old`` says in words."""
    return click.option("--force", is_flag=True, help=f"Replace {old}.")


def json_option(printed: str) -> Decorator:
    """``--json``, as ``as_json``: print as JSON what ``printed`` says in words."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print {printed} as JSON.")


# What a bundle is called, says of itself and is checked with, when one is made.

bundle_option = _shared(
    "-o",
    "--output",
    metavar="BUNDLE",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder of the bundle.",
)

name_option = _shared("--name", help="What the model is called.  [default: the folder's name]")

licence_option = _shared("--licence", help="Of the weights, for the manifest.")

training_data_option = _shared(
    "--training-data", help="What it was trained on, in words, for the manifest."
)

titles_option = _shared(
    "--title",
    "titles",
    metavar="DOMAIN=TITLE",
    multiple=True,
    help="What people call a domain; may be repeated.",
)

parity_audio_option = _shared(
    "--audio", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)

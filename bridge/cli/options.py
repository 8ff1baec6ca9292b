"""Options that several sub-commands have: what is the same of each of them in all of these.

Each function here makes one option, for one command. What it is called with is the command's own, a
help text or a default, and goes before what is said here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bridge.cli.values import Number, OneOf, Whole, WholeOr
from umtn_core.decode.choosing.engine_names import ENGINES

#: Semitones that a recording can be transposed by.
FARTHEST = 36

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]


def _shared(*names: str, **same: Any) -> Callable[..., Decorator]:
    """Declare what all commands' options of these names have in common."""

    def of_one_command(**own: Any) -> Decorator:
        return click.option(*names, **{**same, **own})

    return of_one_command


# What a result sounds like, and how it is decoded.

target_option = _shared(
    "--to", "target", metavar="TARGET", help="Instrument to play it on; `umtn models` lists them."
)

model_option = _shared(
    "--model",
    metavar="MODEL",
    default="default",
    show_default=True,
    help="Name or path of the model.",
)

seed_option = _shared("--seed", type=Whole(0, 2**64 - 1), default=0, show_default=True)

temperature_option = _shared("--temperature", type=Number(min=0))

top_p_option = _shared(
    "--top-p",
    type=Number(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Draw only from the likeliest share.",
)

mix_option = _shared(
    "--mix",
    type=Number(0, 1),
    default=1.0,
    show_default=True,
    help="0 is the input, 1 the translation.",
)

channels_option = _shared(
    "--channels",
    type=OneOf(["auto", "per-channel", "mono", "mid"]),
    default="auto",
    show_default=True,
)

dynamics_option = _shared(
    "--dynamics",
    type=Number(0, 1),
    default=1.0,
    show_default=True,
    help="How much of the input's loud and soft is given back.",
)

transpose_option = _shared(
    "--transpose",
    type=WholeOr("octave", -FARTHEST, FARTHEST),
    default=0,
    show_default=True,
    metavar="SEMITONES",
    help="Semitones (-36 to 36) to raise the input by first; octave, into the model's range.",
)

segments_option = _shared(
    "--segments", type=WholeOr("auto", 1), default="auto", show_default=True, metavar="NUMBER"
)

engine_option = _shared(
    "--engine",
    type=OneOf(ENGINES),
    metavar="NAME",
    help="What decodes: auto, the fastest here; cpu, cpu-bf16, cpu-int8 or onnx; with an NVIDIA "
    "GPU, cuda, cuda-fp16, cuda-bf16 or onnx-cuda.",
)

postfilter_option = _shared("--postfilter/--no-postfilter", default=True, show_default=True)

#: For an option of the above whose default is left to the bridge.
LEFT_TO_BRIDGE: dict[str, Any] = {"default": None, "show_default": False}

# What is written, and what is said meanwhile.

output_option = _shared("-o", "--output", type=click.Path(path_type=Path))

minutes_option = _shared("--minutes", type=Number(min=0, min_open=True))

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

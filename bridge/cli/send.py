"""`umtn send`: has a running bridge render a file, or asks it what its verbs say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from bridge.cli import send_asking as asking
from bridge.cli.failures import Misuse
from bridge.cli.options import (
    LEFT_TO_BRIDGE,
    channels_option,
    dynamics_option,
    engine_option,
    json_option,
    mix_option,
    model_option,
    output_option,
    postfilter_option,
    quiet_option,
    seed_option,
    segments_option,
    target_option,
    temperature_option,
    top_p_option,
    transpose_option,
)
from bridge.cli.output import say
from bridge.cli.send_command import SendCommand, no_such_verb
from bridge.cli.send_contact import Where, where_options
from bridge.cli.send_rendering import render
from bridge.cli.send_verbs import VERBS
from bridge.cli.typed_paths import to_read, to_write
from bridge.cli.values import Number, OneOf, Whole, WholeOr
from bridge.protocol import RENDER_KEYS

#: Options that are keys of /umtn/render.
KEYS = (
    "model",
    "start",
    "length",
    "unit",
    "seed",
    "temperature",
    "top_p",
    "mix",
    "channels",
    "dynamics",
    "transpose",
    "segments",
    "postfilter",
    "engine",
    "priority",
)

#: Positions beyond this are slips of the keyboard: a day, in samples at 768 kHz.
FARTHEST = 24 * 3600 * 768_000


def _bounds(key: str) -> tuple[int, int]:
    """Return the least and the greatest number that a key of /umtn/render takes."""
    (argument,) = (argument for argument in RENDER_KEYS if argument.name == key)
    assert argument.minimum is not None and argument.maximum is not None
    return int(argument.minimum), int(argument.maximum)


@click.command(cls=SendCommand)
@click.argument("source", metavar="[FILE]", required=False, type=click.Path())
@target_option()
@output_option(
    type=click.Path(),
    metavar="OUT",
    help="File to write; otherwise the bridge chooses one in its session folder.",
)
@model_option(**LEFT_TO_BRIDGE, help="Name of the model.")
@click.option(
    "--start",
    type=Number(0, FARTHEST),
    metavar="X",
    help="Where in the file the region begins.",
)
@click.option(
    "--length", type=Number(0, FARTHEST, min_open=True), metavar="X", help="Of the region."
)
@click.option("--unit", type=OneOf(["seconds", "samples"]), help="Of start and length: seconds.")
@seed_option(
    **LEFT_TO_BRIDGE,
    type=Whole(*_bounds("seed")),
    metavar="N",
    help="Another seed, another performance.",
)
@temperature_option(
    **LEFT_TO_BRIDGE,
    type=Number(*_bounds("temperature")),
    metavar="X",
    help="Lower is cleaner and duller.",
)
@top_p_option(**LEFT_TO_BRIDGE, metavar="X")
@mix_option(**LEFT_TO_BRIDGE, metavar="X")
@channels_option(**LEFT_TO_BRIDGE)
@dynamics_option(**LEFT_TO_BRIDGE, metavar="X")
@transpose_option(**LEFT_TO_BRIDGE)
@segments_option(
    **LEFT_TO_BRIDGE,
    type=WholeOr("auto", *_bounds("segments")),
    metavar="N",
    help="Parts decoded side by side, or auto.",
)
@postfilter_option(**LEFT_TO_BRIDGE, help="Take the decoder's noise out, or leave it.")
@engine_option()
@click.option("--priority", type=Whole(-100, 100), metavar="N", help="Higher goes first.")
@click.option("--id", "id", metavar="ID", help="Name of the job; otherwise a new one.")
@click.option(
    "--wait/--no-wait", default=True, help="Stay until the job has ended, or print its id and go."
)
@click.option("--ping", is_flag=True, hidden=True)
@click.option("--models", is_flag=True, hidden=True)
@click.option("--jobs", is_flag=True, hidden=True)
@click.option("--status", multiple=True, hidden=True)
@click.option("--cancel", multiple=True, hidden=True)
@where_options
@quiet_option()
@json_option("what is known")
def send(where: Where, **options: Any) -> None:
    """Have FILE rendered by a running bridge, or ask it by a verb.

    Prints the path of the finished file. Ctrl-C cancels the job. A file that is called like a verb
    is ./jobs, say.
    """
    given = [verb for verb in VERBS if options.get(verb)]
    source = options["source"]
    if len(given) + (source is not None) != 1:
        raise Misuse(f"Name one file to render, or say one of {', '.join(VERBS)}.")
    if source is None:
        _ask(given[0], where, options)
        return
    if source == "":
        raise Misuse("FILE is empty; name the file to render.")
    if not options["target"]:
        if not os.path.lexists(to_read(source)):
            raise Misuse(f"{no_such_verb(source)}; see `umtn send --help`.")
        raise Misuse("Say what to play it on with --to; `umtn send models` lists what there is.")
    output = options["output"]
    render(
        where,
        Path(to_read(source)),
        options["target"],
        None if output is None else to_write(output),
        {key: options[key] for key in KEYS if options[key] is not None},
        id=options["id"],
        wait=options["wait"],
        quiet=options["quiet"],
        as_json=options["as_json"],
    )


def _ask(verb: str, where: Where, options: dict[str, Any]) -> None:
    """Do what a verb does, for the option that was its name before there were verbs."""
    ids = options[verb] if isinstance(options[verb], tuple) else None
    if ids is None:
        getattr(asking, verb)(where, options["as_json"])
    else:
        getattr(asking, verb)(where, tuple(dict.fromkeys(ids)), options["as_json"])
    # Last, since programs read the answer off the first line.
    if not (options["quiet"] or options["as_json"]):
        word = f"{verb} ID" if ids is not None else verb
        say(f"The next version knows --{verb} no more; write `umtn send {word}`.")

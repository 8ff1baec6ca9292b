"""`umtn import-checkpoint`: weights of the published implementation become a model bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from bridge.cli.export import as_titles, report
from bridge.cli.failures import needs_extra
from bridge.cli.options import (
    bundle_option,
    force_option,
    json_option,
    licence_option,
    name_option,
    parity_audio_option,
    titles_option,
    training_data_option,
)
from bridge.cli.output import say
from bridge.cli.scope_options import as_stated, scope_options
from bridge.cli.values import Number, OneOf


@click.command("import-checkpoint")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--names",
    metavar="NAME,NAME,...",
    help="The domains in the run's order; - leaves one out.  [default: the run's own names]",
)
@bundle_option()
@name_option()
@licence_option(default="CC-BY-NC-4.0", show_default=True)
@training_data_option(default="not stated", show_default=True)
@click.option(
    "--which",
    type=OneOf(["best", "last"]),
    default="best",
    show_default=True,
    help="The files of the best epochs, or of the last.",
)
@click.option(
    "--loudness",
    type=Number(-70, 0),
    default=-20.0,
    show_default=True,
    help="LUFS that inputs are brought to.",
)
@titles_option()
@parity_audio_option(help="Music for the parity check.  [default: a few notes]")
@scope_options("not said, and all three are needed to say it")
@force_option("a bundle that is there already")
@json_option("the parity figures")
def import_checkpoint(
    run: Path,
    names: str | None,
    output: Path,
    name: str | None,
    licence: str,
    training_data: str,
    which: Literal["best", "last"],
    loudness: float,
    titles: tuple[str, ...],
    audio: Path | None,
    pitch_range: str | None,
    voices: int | None,
    material: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Turn a RUN of the published implementation into a model BUNDLE.

    RUN is a folder with args.pth and one file a domain (bestmodel_0.pth and so on), such as the
    weights that the paper's authors published, trained on six domains of MusicNet.
    """
    with needs_extra("Importing", "train"):
        from export.import_checkpoint import import_checkpoint as imported

        made = imported(
            run,
            output,
            None if names is None else [domain.strip() for domain in names.split(",")],
            name=name or output.name,
            licence=licence,
            training_data=training_data,
            which=which,
            audio=audio,
            loudness=loudness,
            titles=as_titles(titles),
            scope=as_stated(pitch_range, voices, material),
            overwrite=force,
            warn=say,
        )
    report(made, as_json)

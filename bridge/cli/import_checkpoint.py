"""`umtn import-checkpoint`: weights of the published implementation become a model bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from bridge.cli.export import as_titles, report
from bridge.cli.failures import needs_extra


@click.command("import-checkpoint")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--names",
    metavar="NAME,NAME,...",
    help="The domains in the run's order; - leaves one out.  [default: the run's own names]",
)
@click.option(
    "-o",
    "--output",
    metavar="BUNDLE",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder of the bundle.",
)
@click.option("--name", help="What the model is called.  [default: the folder's name]")
@click.option(
    "--licence", default="CC-BY-NC-4.0", show_default=True, help="Of the weights, for the manifest."
)
@click.option(
    "--training-data",
    default="not stated",
    show_default=True,
    help="What it was trained on, in words, for the manifest.",
)
@click.option(
    "--which",
    type=click.Choice(["best", "last"]),
    default="best",
    show_default=True,
    help="The files of the best epochs, or of the last.",
)
@click.option(
    "--loudness",
    type=click.FloatRange(-70, 0),
    default=-20.0,
    show_default=True,
    help="LUFS that inputs are brought to.",
)
@click.option(
    "--title",
    "titles",
    metavar="DOMAIN=TITLE",
    multiple=True,
    help="What people call a domain; may be repeated.",
)
@click.option(
    "--audio",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Music for the parity check.  [default: a few notes]",
)
@click.option("--force", is_flag=True, help="Replace a bundle that is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print the parity figures as JSON.")
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
            overwrite=force,
            warn=lambda sentence: click.echo(f"umtn: {sentence}", err=True),
        )
    report(made, as_json)

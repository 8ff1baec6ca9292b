"""``python -m umtn_core.evaluation BUNDLE STORE``: measure a model, write the figures."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from umtn_core.errors import UmtnError


@click.command()
@click.argument("bundle", type=str)
@click.argument("store", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="JSON file to write.")
@click.option("--split", type=click.Choice(["valid", "test"]), default="test", show_default=True)
@click.option("--pieces", type=click.IntRange(1), help="Pieces of each soundfont; all if not said.")
@click.option("--seconds", type=click.FloatRange(0.5), help="Of each piece; all if not said.")
@click.option("--polyphonic", is_flag=True, help="Judge by transcription, not by pitch tracks.")
@click.option("--no-recordings", is_flag=True, help="Fetch no recordings of real players.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--temperature", type=click.FloatRange(0), help="The model's own if not said.")
@click.option("--top-p", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True)
@click.option("--engine", default="onnx", show_default=True)
@click.option(
    "--threads", type=click.IntRange(1), help="That decode at once; all cores if not said."
)
def main(
    bundle: str, store: Path, output: Path | None, no_recordings: bool, **options: Any
) -> None:
    """Measure the model BUNDLE on what the data store STORE held out."""
    from rich.console import Console

    from umtn_core.bundle import Bundle
    from umtn_core.data.files import write_json
    from umtn_core.data.store import Store
    from umtn_core.evaluation.evaluate import evaluate
    from umtn_core.evaluation.settings import EvaluationSettings
    from umtn_core.evaluation.summary import table
    from umtn_core.progress import Progress

    settings = EvaluationSettings(recordings=not no_recordings, **options)
    console = Console(stderr=True)
    try:
        with console.status("opening") as status:

            def show(stage: str, done: Progress) -> None:
                left = "" if done.seconds_left is None else f", {done.seconds_left:.0f} s left"
                status.update(f"{stage}: {done.fraction:.0%}{left}")

            report = evaluate(Bundle.open(bundle), Store.open(store), settings, progress=show)
        if output is not None:
            write_json(output, report)
    except UmtnError as error:
        raise click.ClickException(str(error)) from error
    click.echo(table(report) if output or sys.stdout.isatty() else json.dumps(report, indent=1))


if __name__ == "__main__":
    main(prog_name="python -m umtn_core.evaluation")

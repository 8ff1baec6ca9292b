"""`umtn evaluate`: how good a model is, judged by the audio it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.failures import needs_extra
from bridge.cli.options import (
    channels_option,
    dynamics_option,
    engine_option,
    force_option,
    json_option,
    output_option,
    quiet_option,
    seed_option,
    temperature_option,
    top_p_option,
    transpose_option,
)
from bridge.cli.output import print_json, print_line
from bridge.cli.progress import meter
from bridge.cli.stopping import stoppable
from bridge.cli.values import Number, OneOf, Whole
from umtn_core.bundle import Bundle, amend_manifest
from umtn_core.data.store import Store
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.progress import Progress

if TYPE_CHECKING:
    from umtn_core.evaluation.settings import EvaluationSettings


@click.command()
@click.argument("bundle")
@click.argument("dataset", type=click.Path(path_type=Path))
@output_option(
    metavar="REPORT_DIR", help="Folder of the report.  [default: the model's name and -evaluation]"
)
@click.option(
    "--quick", is_flag=True, help="Four pieces of 5 s a soundfont: minutes, wide margins."
)
@click.option("--split", type=OneOf(["valid", "test"]), default="test", show_default=True)
@click.option("--pieces", type=Whole(1), help="At most so many of each soundfont.")
@click.option("--seconds", type=Number(0.5), help="At most so much of each piece.")
@click.option("--polyphonic", is_flag=True, help="Judge by transcription, not by pitch tracks.")
@click.option(
    "--no-recordings", is_flag=True, help="Fetch no recordings of real players and no samples."
)
@channels_option(help="What becomes of stereo.")
@dynamics_option()
@transpose_option(help="Raise what is translated, and judge it against the music as it was.")
@seed_option()
@temperature_option(help="The model's own if not said.")
@top_p_option(help=None)
@engine_option(help="What decodes, as for umtn translate; one in float32 if not said.")
@click.option("--threads", type=Whole(1), help="That work at once; all cores if not said.")
@force_option("an older report")
@click.option(
    "--record", is_flag=True, help="Write the figures into BUNDLE, where `umtn models` shows them."
)
@json_option("all figures")
@quiet_option()
def evaluate(
    bundle: str,
    dataset: Path,
    output: Path | None,
    quick: bool,
    no_recordings: bool,
    force: bool,
    record: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Measure the model BUNDLE on what the store DATASET held out, and write a report.

    The report is a folder with a page to read and hear (index.html), a sheet for blind ratings
    (listen.html) and all figures (report.json). It needs no network.
    """
    with needs_extra("Evaluating", "evaluate"):
        from umtn_core.evaluation.evaluate import evaluate as measured
        from umtn_core.evaluation.report.folder import check_place
        from umtn_core.evaluation.report.write import write_report
        from umtn_core.evaluation.summary import quality, table

        model, store = Bundle.open(bundle), Store.open(dataset)
        if record:
            _check_unpacked(model)
        output = output or Path(f"{model.path.stem}-evaluation")
        check_place(output, overwrite=force)
        settings = _settings(quick, no_recordings, options)
        with _shown(quiet) as show:
            evaluation = measured(model, store, settings, progress=show)
            written = write_report(output, evaluation, seed=settings.seed, overwrite=force)
            if record:
                amend_manifest(model.path, quality=quality(evaluation.report))
    if as_json:
        print_json(evaluation.report)
    else:
        click.echo(table(evaluation.report))
    print_line(f"the report is {written}", err=True)


def _check_unpacked(model: Bundle) -> None:
    """Refuse before any work a model that figures cannot be written into."""
    if not model.path.is_dir():
        raise UmtnError(f"{model.path} is packed, so figures cannot be recorded in it: unzip it.")


def _settings(quick: bool, no_recordings: bool, options: dict[str, Any]) -> EvaluationSettings:
    """Take what was said over the defaults, of which there are two kinds."""
    from umtn_core.evaluation.settings import EvaluationSettings

    said = {name: value for name, value in options.items() if value is not None}
    make = EvaluationSettings.quick if quick else EvaluationSettings
    return make(recordings=not no_recordings, **said)


@contextmanager
def _shown(quiet: bool) -> Iterator[Callable[[str, Progress], None]]:
    """Within this block, what is told is shown, and Ctrl-C makes telling end the evaluation."""
    with stoppable() as stopped, meter(quiet) as bars:

        def show(stage: str, done: Progress) -> None:
            if stopped():
                raise Cancelled("The evaluation was cancelled.")
            bars.update(stage, done.fraction, 1.0)

        yield show

"""`umtn translate`: recordings in, the same music on another instrument out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.failures import FAILED, INTERRUPTED
from bridge.cli.output import print_json
from bridge.cli.progress import meter
from bridge.cli.stopping import stoppable

if TYPE_CHECKING:
    from bridge.cli.many_files import Outcome


def _segments(ctx: click.Context, param: click.Parameter, value: str) -> int | str:
    if value == "auto":
        return value
    if value.isdecimal() and int(value) >= 1:
        return int(value)
    raise click.BadParameter(f"{value} is neither auto nor a whole number from 1.", ctx, param)


@click.command()
@click.argument("inputs", metavar="IN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--to", "target", metavar="TARGET", required=True, help="Instrument to play it on.")
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="File to write, or folder for several; otherwise NAME.TARGET.wav beside each input.",
)
@click.option(
    "--model",
    metavar="MODEL",
    default="default",
    show_default=True,
    help="Name or path of the model.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="NUMBER",
    help="Another seed gives another performance.",
)
@click.option(
    "--temperature",
    type=click.FloatRange(min=0),
    metavar="NUMBER",
    help="Lower is cleaner and duller.  [default: the model's own]",
)
@click.option(
    "--top-p",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    metavar="NUMBER",
    help="Draw only from the likeliest share.",
)
@click.option(
    "--mix",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    metavar="NUMBER",
    help="0 is the input, 1 the translation.",
)
@click.option(
    "--channels",
    type=click.Choice(["per-channel", "mono", "mid"]),
    default="per-channel",
    show_default=True,
    help="Translate every channel, their mean, or the middle only.",
)
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    help="What decodes: auto, the fastest here; cpu, cpu-bf16, cpu-int8, onnx, or onnx-cuda.",
)
@click.option(
    "--segments",
    callback=_segments,
    default="auto",
    show_default=True,
    metavar="NUMBER",
    help="Parts decoded side by side; auto, as many as are fastest.",
)
@click.option(
    "--postfilter/--no-postfilter",
    default=True,
    show_default=True,
    help="Take the decoder's noise out, where the model has a post-filter.",
)
@click.option("--force", is_flag=True, help="Replace results that are there already.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@click.pass_context
def translate(
    ctx: click.Context,
    /,
    inputs: tuple[Path, ...],
    target: str,
    output: Path | None,
    model: str,
    force: bool,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Play recordings on another instrument.

    IN are audio files, or folders of them. A result has the length, sample rate and
    channels of its input. Nothing that exists is overwritten unless you say --force.
    """
    from bridge.cli.file_pairs import plan
    from bridge.cli.many_files import translate_files
    from umtn_core.errors import Cancelled
    from umtn_core.translator import Translator

    translator = Translator(model, target, **options)
    jobs = plan(inputs, target, output, force=force)
    outcomes: list[Outcome] = []
    label = jobs[0].source.name if len(jobs) == 1 else f"{len(jobs)} files"
    with stoppable() as stopped, meter(quiet) as show:

        def progress(done: float) -> None:
            show.update(label, done, len(jobs))

        try:
            for outcome in translate_files(
                translator, jobs, force=force, progress=progress, stopped=stopped
            ):
                outcomes.append(outcome)
        except Cancelled:
            click.echo(_cancelled(outcomes), err=True)
            ctx.exit(INTERRUPTED)
    if as_json:
        print_json([_as_plain(outcome, target) for outcome in outcomes])
    else:
        _print(outcomes)
    if any(outcome.error for outcome in outcomes):
        ctx.exit(FAILED)


def _print(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.error:
            click.echo(f"umtn: {outcome.error}", err=True)
        else:
            click.echo(f"{outcome.job.source} -> {outcome.job.result}")


def _cancelled(outcomes: list[Outcome]) -> str:
    written = sum(outcome.error is None for outcome in outcomes)
    if not written:
        return "umtn: Cancelled; nothing was written."
    return f"umtn: Cancelled; {written} finished files were kept."


def _as_plain(outcome: Outcome, target: str) -> dict[str, Any]:
    if outcome.error:
        return {"input": str(outcome.job.source), "error": outcome.error}
    return {
        "input": str(outcome.job.source),
        "output": str(outcome.job.result),
        "target": target,
        "seconds": round(outcome.seconds, 3),
        "took_s": round(outcome.took_s, 3),
    }

"""`umtn translate`: recordings in, the same music on another instrument out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bridge.cli.failures import FAILED, INTERRUPTED
from bridge.cli.options import (
    channels_option,
    dynamics_option,
    engine_option,
    force_option,
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
from bridge.cli.output import print_json, print_line, say
from bridge.cli.progress import meter
from bridge.cli.stopping import stoppable

if TYPE_CHECKING:
    from bridge.cli.many_files import Outcome


@click.command()
@click.argument("inputs", metavar="IN...", nargs=-1, required=True, type=click.Path())
@target_option()
@output_option(
    type=click.Path(),  # as it was typed, since a slash at its end says that it is a folder
    metavar="OUT",
    help="File to write, or folder for several (one that is there, has no ending, or a slash at "
    "its end); otherwise NAME.TARGET.wav beside each input.",
)
@model_option()
@seed_option(metavar="NUMBER", help="Another seed gives another performance.")
@temperature_option(
    metavar="NUMBER", help="Lower is cleaner and duller.  [default: the model's own]"
)
@top_p_option(metavar="NUMBER")
@mix_option(metavar="NUMBER")
@channels_option(help="What is one player on several channels is translated once with auto.")
@dynamics_option(metavar="NUMBER")
@transpose_option()
@engine_option(default="auto", show_default=True)
@segments_option(help="Parts decoded side by side; auto, as many as are fastest.")
@postfilter_option(help="Take the decoder's noise out, where the model has a post-filter.")
@force_option("results that are there already")
@quiet_option()
@json_option("what was written")
@click.pass_context
def translate(
    ctx: click.Context,
    /,
    inputs: tuple[str, ...],
    target: str | None,
    output: str | None,
    model: str,
    force: bool,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Play recordings on another instrument.

    IN are audio files, or folders of them; of a folder, what earlier runs made is left out. A
    result has the length, sample rate and channels of its input. Nothing that exists is
    overwritten unless you say --force.
    """
    from bridge.cli.file_pairs import FilePair, plan
    from bridge.cli.many_files import Outcome, translate_files
    from umtn_core.bundle import installed_bundles
    from umtn_core.errors import Cancelled
    from umtn_core.translator import Translator

    translator = Translator(model, target, **options)
    target = translator.target
    manifests = [each.manifest for each in installed_bundles() if each.manifest is not None]
    domains = {domain.name for each in manifests for domain in each.domains}
    planned = plan(
        inputs, target, output, force=force, targets=domains.union(translator.bundle.domains)
    )
    pairs = planned.pairs
    outcomes = [Outcome(FilePair(path, path), error=error) for path, error in planned.refused]
    label = pairs[0].source.name if len(pairs) == 1 else f"{len(pairs)} files"
    with stoppable() as stopped, meter(quiet) as show:

        def progress(done: float) -> None:
            show.update(label, done, len(pairs))

        try:
            for outcome in translate_files(
                translator, pairs, force=force, progress=progress, stopped=stopped
            ):
                outcomes.append(outcome)
        except Cancelled:
            say(_cancelled(outcomes))
            ctx.exit(INTERRUPTED)
    for outcome in outcomes:
        if outcome.remark:
            say(f"{outcome.pair.source}: {outcome.remark}")
    if planned.remark:
        say(planned.remark)
    if as_json:
        print_json([_as_plain(outcome, target) for outcome in outcomes])
    else:
        _print(outcomes)
    if any(outcome.error for outcome in outcomes):
        ctx.exit(FAILED)


def _print(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.error:
            say(outcome.error)
        else:
            print_line(f"{outcome.pair.source} -> {outcome.pair.result}")


def _cancelled(outcomes: list[Outcome]) -> str:
    written = sum(outcome.error is None for outcome in outcomes)
    if not written:
        return "Cancelled; nothing was written."
    return f"Cancelled; {written} finished files were kept."


def _as_plain(outcome: Outcome, target: str) -> dict[str, Any]:
    if outcome.error:
        return {"input": str(outcome.pair.source), "error": outcome.error}
    return {
        "input": str(outcome.pair.source),
        "output": str(outcome.pair.result),
        "target": target,
        "seconds": round(outcome.seconds, 3),
        "took_s": round(outcome.took_s, 3),
        "remark": outcome.remark,
    }

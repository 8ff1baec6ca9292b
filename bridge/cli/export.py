"""`umtn export`: a trained network becomes a model bundle."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from bridge.cli.failures import needs_extra
from bridge.cli.options import (
    bundle_option,
    force_option,
    json_option,
    licence_option,
    name_option,
    parity_audio_option,
    temperature_option,
    titles_option,
    training_data_option,
)
from bridge.cli.output import print_json, print_line
from bridge.cli.scope_options import as_stated, scope_options
from umtn_core.errors import UmtnError


@click.command()
@click.argument("checkpoint", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@bundle_option()
@name_option()
@licence_option(
    help="Of the weights, for the manifest.  [default: that of --extends, or not stated]",
)
@training_data_option(
    help="What it was trained on, in words, for the manifest.  [default: as for the licence]",
)
@temperature_option(
    help="Of sampling, where nobody asks for another.  [default: that of --extends, or 1]",
)
@click.option(
    "--band-temperatures",
    metavar="NUMBER,...",
    help="What the temperature of each band is multiplied by, lowest first.  [default: that of "
    "--extends, or 1 for all]",
)
@titles_option()
@parity_audio_option(
    help="Music for the parity check.  [default: some of the training run's validation set]"
)
@click.option(
    "--store",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the training run's store is now, if it has moved.",
)
@click.option(
    "--extends",
    metavar="BUNDLE",
    type=click.Path(exists=True, path_type=Path),
    help="Bundle of the network that the run added domains to: what it holds is kept as it is.",
)
@click.option(
    "--postfilter",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Post-filters that umtn train-postfilter made, for those domains that it has.",
)
@scope_options("those of --extends, or of a synthetic store's recipe")
@force_option("a bundle that is there already")
@json_option("the parity figures")
def export(
    checkpoint: Path,
    output: Path,
    name: str | None,
    licence: str | None,
    training_data: str | None,
    temperature: float | None,
    band_temperatures: str | None,
    titles: tuple[str, ...],
    audio: Path | None,
    store: Path | None,
    extends: Path | None,
    postfilter: Path | None,
    pitch_range: str | None,
    voices: int | None,
    material: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Turn the CHECKPOINT of a training run into a model BUNDLE.

    The bundle's graphs are compared with PyTorch on real audio. If they differ by more than
    a relative 1e-4, nothing is written.
    """
    with needs_extra("Exporting", "train"):
        from export.export import export_checkpoint

        made = export_checkpoint(
            checkpoint,
            output,
            name=name or output.name,
            licence=licence,
            training_data=training_data,
            temperature=temperature,
            band_temperatures=None if band_temperatures is None else as_factors(band_temperatures),
            audio=audio,
            store=store,
            extends=extends,
            postfilter=postfilter,
            titles=as_titles(titles),
            scope=as_stated(pitch_range, voices, material),
            overwrite=force,
        )
    report(made, as_json)


def as_factors(text: str) -> tuple[float, ...]:
    """Read factors on the bands' temperatures, numbers from 0 with commas between."""
    try:
        factors = tuple(map(float, text.split(",")))
    except ValueError:
        factors = ()
    if not factors or not all(0 <= factor <= 1000 for factor in factors):
        raise UmtnError(
            f"Write band temperatures as numbers from 0 to 1000 with commas between, not '{text}'."
        )
    return factors


def as_titles(texts: tuple[str, ...]) -> dict[str, str]:
    """Read titles given as DOMAIN=TITLE."""
    return dict(map(_title, texts))


def _title(text: str) -> tuple[str, str]:
    domain, equals, title = text.partition("=")
    if not (domain and equals and title):
        raise UmtnError(f"Write a title as DOMAIN=TITLE, not '{text}'.")
    return domain, title


def report(bundle: Path, as_json: bool) -> None:
    """Say what was made, and how far it is from PyTorch."""
    from umtn_core.bundle import Bundle

    opened = Bundle.open(bundle)
    if as_json:
        said = {"parity": opened.manifest.parity, "precisions": opened.manifest.precisions}
        print_json({"bundle": str(bundle)} | msgspec.to_builtins(said))
        return
    print_line(f"{opened.name}: {', '.join(opened.domains)} -> {bundle}")
    parity = opened.manifest.parity
    masks = parity.get("postfilters", {})
    worst = max([parity["encoder"], *parity["decoders"].values(), *masks.values()])
    print_line(f"differs from PyTorch by {worst:.1e} at most, relative")
    if opened.manifest.precisions is not None:
        for precision, domains in opened.manifest.precisions.losses.items():
            nats = max((loss.nats for loss in domains.values()), key=abs)
            print_line(f"loses {nats:.1e} nats a sample in {precision}")

"""`umtn data`: training data from folders of audio, or from scores and soundfonts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli.failures import needs_extra
from bridge.cli.groups import NamedGroup
from bridge.cli.options import json_option
from bridge.cli.output import print_json, print_line
from bridge.cli.progress import meter
from bridge.cli.values import Whole

if TYPE_CHECKING:
    from umtn_core.data.store import Store

as_json = json_option("the summary")
workers = click.option(
    "--workers",
    type=Whole(1),
    default=max(1, (os.cpu_count() or 2) - 1),
    show_default="one less than there are cores",
    help="Files worked on at once.",
)


@click.group(cls=NamedGroup)
def data() -> None:
    """Make training data. A store that was begun is finished, not made again."""


source = click.argument("source", type=click.Path(exists=True, path_type=Path))


@data.command()
@source
@click.argument("store", type=click.Path(file_okay=False, path_type=Path))
@click.option("--licence", help="Licence of the recordings, written down in the index.")
@click.option(
    "--sample-rate",
    type=Whole(8_000, 48_000),
    default=32_000,
    show_default=True,
    metavar="HERTZ",
    help="Of the store: 32000 to train the preset wideband, 16000 for the others.",
)
@workers
@as_json
def prepare(
    source: Path,
    store: Path,
    licence: str | None,
    sample_rate: int,
    workers: int,
    as_json: bool,
) -> None:
    """Make a STORE of SOURCE: a folder, tar or zip with a sub-folder of audio per instrument."""
    from umtn_core.data.prepare import prepare as run

    with meter() as show:
        made = run(
            source,
            store,
            licence=licence,
            sample_rate=sample_rate,
            workers=workers,
            progress=lambda stage, done, total, name: show.update(stage, done, total),
        )
    _report(made, as_json)


# The same under the name that goes with those of the known data sets.
data.add_command(prepare, "folder")


@data.command()
@source
@click.argument("store", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--metadata",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Its table of recordings.  [default: inside SOURCE, or beside it]",
)
@click.option("--domain", "domains", multiple=True, help="Only this one; may be repeated.")
@workers
@as_json
def musicnet(
    source: Path,
    store: Path,
    metadata: Path | None,
    domains: tuple[str, ...],
    workers: int,
    as_json: bool,
) -> None:
    """Make a STORE of MusicNet, archive or folder: the published weights' six domains."""
    from umtn_core.data.musicnet import DOMAINS, prepare_musicnet

    with meter() as show:
        made = prepare_musicnet(
            source,
            store,
            metadata=metadata,
            domains=domains or tuple(DOMAINS),
            workers=workers,
            progress=lambda stage, done, total, name: show.update(stage, done, total),
        )
    _report(made, as_json)


@data.command()
@source
@click.argument("store", type=click.Path(file_okay=False, path_type=Path))
@click.option("--family", "families", multiple=True, help="Only this one; may be repeated.")
@click.option(
    "--source",
    "sources",
    multiple=True,
    help="Only notes made so: acoustic, electronic or synthetic; may be repeated.",
)
@workers
@as_json
def nsynth(
    source: Path,
    store: Path,
    families: tuple[str, ...],
    sources: tuple[str, ...],
    workers: int,
    as_json: bool,
) -> None:
    """Make a STORE of NSynth, the folder of its parts: a domain for each family."""
    from umtn_core.data.nsynth import FAMILIES, SOURCES, prepare_nsynth

    with meter() as show:
        made = prepare_nsynth(
            source,
            store,
            families=families or FAMILIES,
            sources=sources or SOURCES,
            workers=workers,
            progress=lambda stage, done, total, name: show.update(stage, done, total),
        )
    _report(made, as_json)


@data.command()
@click.argument("recipe")
@click.argument("store", type=click.Path(file_okay=False, path_type=Path))
@workers
@as_json
def synth(recipe: str, store: Path, workers: int, as_json: bool) -> None:
    """Make a STORE by a RECIPE: the path of a YAML file, or the name of one that is built in."""
    with needs_extra("Making data from scores", "train"), meter() as show:
        from umtn_core.data.synth.synth import synthesise

        made = synthesise(
            recipe,
            store,
            workers=workers,
            progress=lambda stage, done, total, name: show.update(stage, done, total),
        )
    _report(made, as_json)


def _report(store: Store, as_json: bool) -> None:
    """Say what the store holds now, and what did not make it in, by name."""
    rate = store.sample_rate
    minutes = {
        domain: {
            split: sum(e.samples for e in store.files(domain, split)) / rate / 60
            for split in ("train", "valid", "test")
        }
        for domain in store.domains
    }
    skipped = store.index.skipped
    remarked = [entry for entry in store.index.files if entry.remark]
    if as_json:
        print_json(
            {
                "store": str(store.path),
                "sample_rate": rate,
                "minutes": minutes,
                "pairs": len(store.index.pairs),
                "skipped": [{"source": s.source, "reason": s.reason} for s in skipped],
                "remarks": [{"source": e.source, "remark": e.remark} for e in remarked],
            }
        )
        return
    for skip in skipped:
        print_line(f"skipped {skip.source}: {skip.reason}", err=True)
    for entry in remarked:
        print_line(f"read {entry.source}: {entry.remark}", err=True)
    for domain, parts in minutes.items():
        lengths = ", ".join(f"{split} {length:.1f} min" for split, length in parts.items())
        print_line(f"{domain}: {lengths}")
    if store.index.pairs:
        print_line(f"paired renders for evaluation: {len(store.index.pairs)}")

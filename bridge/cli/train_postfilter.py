"""`umtn train-postfilter`: small networks that take decoders' noise out of what they play."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.failures import needs_extra
from bridge.cli.options import (
    force_option,
    minutes_option,
    output_option,
    quiet_option,
    seed_option,
)
from bridge.cli.output import print_line
from bridge.cli.progress import meter
from bridge.cli.stopping import stoppable
from umtn_core.errors import Cancelled, UmtnError


@click.command("train-postfilter")
@click.argument("store", type=click.Path(path_type=Path))
@output_option(metavar="FILE", required=True, help="File to write, for umtn export --postfilter.")
@click.option("--domains", metavar="NAME,...", help="Domains to train.  [default: the store's]")
@minutes_option(
    default=10.0,
    show_default=True,
    help="That each domain is trained for, cooled down over the last part.",
)
@seed_option()
@force_option("a file that is there already")
@quiet_option()
def train_postfilter(
    store: Path,
    output: Path,
    domains: str | None,
    minutes: float,
    seed: int,
    force: bool,
    quiet: bool,
) -> None:
    """Train post-filters on the audio of STORE.

    A post-filter takes the noise between the harmonics out of what a domain's decoder plays.
    It needs no network to be trained, only the domain's audio at the rate that is made.
    """
    with needs_extra("Training", "train"):
        from umtn_core.training.postfilter import train_postfilters

        with stoppable() as stopped, meter(quiet) as bars:

            def show(domain: str, share: float) -> None:
                if stopped():
                    raise Cancelled("The training was cancelled.")
                bars.update(domain, share, 1.0)

            train_postfilters(
                store, output, domains=_names(domains), minutes=minutes, seed=seed,
                overwrite=force, progress=show, say=lambda line: print_line(line, err=True),
            )  # fmt: skip
    print_line(f"the post-filters are {output}")


def _names(text: str | None) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",")) if text is not None else ()
    if not all(names) or text == "":
        raise UmtnError(f"Write domains as names with commas between, not '{text}'.")
    return names

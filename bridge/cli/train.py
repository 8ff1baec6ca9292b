"""`umtn train`: start or resume a training run."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.failures import needs_extra
from umtn_core.errors import UmtnError

if TYPE_CHECKING:
    from umtn_core.training.settings import Settings


@click.command()
@click.argument("settings", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--set",
    "changes",
    metavar="NAME=VALUE",
    multiple=True,
    help="Change one setting, as in --set optimiser.decoder_rate=5e-4; may be repeated.",
)
@click.option(
    "--from",
    "start",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Checkpoint whose weights a new run begins with.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Stop after so long, with a checkpoint to go on from.",
)
@click.option("--quiet", is_flag=True, help="Draw no progress bar.")
def train(
    settings: Path,
    changes: tuple[str, ...],
    start: Path | None,
    minutes: float | None,
    quiet: bool,
) -> None:
    """Train a network as the YAML file SETTINGS says.

    A run that was stopped goes on from its last checkpoint. The output folder gets the
    settings with every default written out, checkpoints, and TensorBoard logs.
    """
    with needs_extra("Training", "train"):
        from umtn_core.training.settings import read_settings
        from umtn_core.training.train import train as run

        _hush_lightning()
        chosen = _changed(read_settings(settings), changes)
        checkpoint = run(chosen, start=start, max_minutes=minutes, progress=not quiet)
    click.echo(f"the last checkpoint is {checkpoint}")


def _hush_lightning() -> None:
    """Keep Lightning's advice to programmers, and its advertising, from the user."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module=r"lightning\.")


def _changed(settings: Settings, changes: tuple[str, ...]) -> Settings:
    """Apply ``name=value`` changes, with values read as YAML."""
    import msgspec

    from umtn_core.training.settings import Settings

    if not changes:
        return settings
    fields: dict[str, Any] = msgspec.to_builtins(settings)
    for change in changes:
        name, equals, value = change.partition("=")
        *sections, last = name.split(".")
        place: Any = fields
        for section in sections:
            place = place.get(section) if isinstance(place, dict) else None
        known = isinstance(place, dict) and (last in place or sections == ["shape"])
        if not (equals and known):
            raise UmtnError(f"There is no setting '{name}' to change: write NAME=VALUE.")
        place[last] = msgspec.yaml.decode(value)
    try:
        # Not strict: YAML reads 5e-4, which has no point, as text.
        return msgspec.convert(fields, Settings, strict=False).checked()
    except msgspec.ValidationError as error:
        raise UmtnError(f"The changed settings are not valid: {error}.") from error

"""`umtn train`: start or resume a training run."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.failures import needs_extra
from bridge.cli.options import minutes_option, output_option, quiet_option
from bridge.cli.output import print_line
from umtn_core.errors import UmtnError

if TYPE_CHECKING:
    from umtn_core.training.playing import Player
    from umtn_core.training.settings import Settings


@click.command()
@click.argument("source", metavar="SETTINGS|STORE", type=click.Path(exists=True, path_type=Path))
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
    "--add-domain",
    "added",
    metavar="NAME",
    multiple=True,
    help="Train only a decoder for this domain of STORE, and add it to the network of --from; "
    "may be repeated.",
)
@click.option(
    "--nearest",
    "nearest",
    metavar="NEW=OLD",
    multiple=True,
    help="Domain that an added one begins as.  [default: the one that predicts it best]",
)
@output_option(help="Folder of the run that adds domains.  [default: runs/ and their names]")
@minutes_option(
    help="Stop after so long, cooled down over the last part, with a checkpoint to go on from."
)
@quiet_option(help="Draw no progress bar.")
def train(
    source: Path,
    changes: tuple[str, ...],
    start: Path | None,
    added: tuple[str, ...],
    nearest: tuple[str, ...],
    output: Path | None,
    minutes: float | None,
    quiet: bool,
) -> None:
    """Train a network as the YAML file SETTINGS says, or add a domain to a trained one.

    A run that was stopped goes on from its last checkpoint. The output folder gets the
    settings with every default written out, checkpoints, and TensorBoard logs.

    With --add-domain, the audio is that of STORE and all settings are those that the
    network of --from was trained with, where --set does not change them. Its encoder and
    its other decoders stay as they are.
    """
    if not added and (nearest or output or source.is_dir()):
        raise click.UsageError("Name a settings file, or a store and --add-domain.")
    if added and (start is None or not source.is_dir()):
        raise click.UsageError("--add-domain needs --from CHECKPOINT and the folder of a STORE.")
    with needs_extra("Training", "train"):
        from umtn_core.training.settings import read_settings
        from umtn_core.training.train import train as run

        _hush_lightning()
        if added and start is not None:
            chosen, like = _adding(source, changes, start, added, nearest, output)
        else:
            chosen, like = _changed(read_settings(source), changes), {}
        checkpoint = run(
            chosen, start=start, nearest=like, max_minutes=minutes, progress=not quiet,
            say=lambda sentence: print_line(sentence, err=True), play=_player(chosen),
        )  # fmt: skip
    print_line(f"the last checkpoint is {checkpoint}")


def _player(settings: Settings) -> Player:
    """What a run plays its clips with: the kernels of the ``cpu`` engine where they were built."""
    from export.playing import EnginePlayer
    from umtn_core.native.library import is_available
    from umtn_core.training.playing import by_pytorch

    return EnginePlayer(settings.machine.threads or None) if is_available() else by_pytorch


def _adding(
    store: Path,
    changes: tuple[str, ...],
    start: Path,
    added: tuple[str, ...],
    nearest: tuple[str, ...],
    output: Path | None,
) -> tuple[Settings, dict[str, str]]:
    """Settings of a run that adds domains, and what each begins as."""
    from umtn_core.data.store import Store
    from umtn_core.names import the_one_meant
    from umtn_core.training.adding import adding_settings, nearest_domains
    from umtn_core.training.train import LAST

    known = Store.open(store).domains
    added = tuple(the_one_meant(name, known, "domain", "The store") for name in added)
    output = output or Path("runs") / "-".join(added)
    settings = _changed(adding_settings(start, added, store, output), changes)
    if (output / LAST).exists():
        return settings, {}
    like = nearest_domains(start, settings, dict(map(_pair, nearest)))
    for domain, old in like.items():
        print_line(f"{domain} begins as {old}", err=True)
    return settings, like


def _pair(text: str) -> tuple[str, str]:
    new, equals, old = text.partition("=")
    if not (new and equals and old):
        raise UmtnError(f"Write --nearest as NEW=OLD, not '{text}'.")
    return new, old


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

"""`umtn edit`: what a DAW calls as its external editor."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.options import (
    channels_option,
    dynamics_option,
    model_option,
    quiet_option,
    seed_option,
    target_option,
    transpose_option,
)
from bridge.cli.progress import meter
from bridge.cli.stopping import stoppable
from umtn_core.audio.whole_file import whole_file
from umtn_core.errors import UmtnError

if TYPE_CHECKING:
    from umtn_core.audio.sound import Audio, SoundRows


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@target_option(help="Instrument to play it on.  [default: ask]")
@model_option()
@seed_option(type=int, metavar="NUMBER")
@channels_option(help="What is one player on several channels is translated once with auto.")
@dynamics_option(metavar="NUMBER")
@transpose_option()
@quiet_option()
def edit(file: Path, target: str | None, model: str, quiet: bool, **options: Any) -> None:
    """Play FILE on another instrument, in its place.

    For DAWs that hand a take to an external editor and read it again afterwards: name
    "umtn edit --to trumpet" as the editor. What FILE held is kept beside it as
    NAME.original.wav, and is never overwritten; FILE itself changes at the very end, at once.
    """
    from umtn_core.audio.read import take_audio
    from umtn_core.audio.write import check_output
    from umtn_core.bundle import Bundle
    from umtn_core.translation import Source
    from umtn_core.translator import Translator

    check_output(file, overwrite=True)
    bundle = Bundle.open(model)
    translator = Translator(bundle, target or _asked(bundle.domains), **options)
    before = file.stat()
    with stoppable() as stopped, meter(quiet) as show:
        sound = take_audio(file, folder=file.absolute().parent, cancelled=stopped)
        translation = translator.begin(
            [Source(sound, sound.sample_rate)], cancelled=stopped, scratch=file.absolute().parent
        )
        translation.advance(
            progress=lambda progress: show.update(file.name, progress.fraction, 1),
            cancelled=stopped,
        )
        (blocks,) = translation.results(stopped)
        original = _replace(file, before, blocks, sound)
    (remark,) = translation.remarks
    if remark:
        click.echo(f"umtn: {file}: {remark}", err=True)
    click.echo(f"{file} is played on the {translator.target}; what it was is in {original}")


def _asked(domains: tuple[str, ...]) -> str | None:
    """Ask a person for the target, where there is one to ask."""
    if len(domains) == 1 or not sys.stdin.isatty():
        return None
    answer: str = click.prompt("Play it on", type=click.Choice(domains))
    return answer


def _replace(file: Path, before: os.stat_result, blocks: Iterable[Audio], sound: SoundRows) -> Path:
    """Put a result in a file's place, and return where the copy is of what it held."""
    from umtn_core.audio.write import write_blocks

    copies: list[Path] = []

    def last_of_all() -> Iterator[Audio]:
        # Once there is a whole result, and as late as can be: making it takes its time.
        if _differs(file, before):
            raise UmtnError(f"{file} has changed in the meantime and is left as it is; try again.")
        copies.append(_kept(file))
        yield from ()

    try:
        write_blocks(
            file, chain(blocks, last_of_all()), sound.channels, sound.sample_rate, overwrite=True
        )
    except BaseException:
        if copies and not _differs(file, before):
            copies[0].unlink()
        raise
    return copies[0]


def _differs(file: Path, before: os.stat_result) -> bool:
    """Whether a file is not what it was."""
    now = file.stat()
    return (now.st_ino, now.st_mtime_ns, now.st_size) != (
        before.st_ino,
        before.st_mtime_ns,
        before.st_size,
    )


def _kept(file: Path) -> Path:
    """Copy a file to a name beside it that is free."""
    for number in count(1):
        tail = "original" if number == 1 else f"original-{number}"
        copy = file.with_name(f"{file.stem}.{tail}{file.suffix}")
        try:
            with file.open("rb") as source, whole_file(copy, overwrite=False) as target:
                shutil.copyfileobj(source, target)
        except FileExistsError:
            continue
        except OSError as error:
            raise UmtnError(
                f"Cannot keep a copy of {file} ({error.strerror}), so it is left as it is."
            ) from error
        shutil.copystat(file, copy)
        return copy
    raise AssertionError("unreachable")

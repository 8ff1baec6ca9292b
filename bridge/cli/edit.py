"""`umtn edit`: what a DAW calls as its external editor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

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
from bridge.cli.output import print_line, say
from bridge.cli.progress import meter
from bridge.cli.stopping import stoppable
from bridge.cli.typed_paths import to_read
from bridge.cli.values import OneOf
from bridge.text import shell_word
from umtn_core.errors import UmtnError

if TYPE_CHECKING:
    from bridge.cli.editing.take import Take
    from umtn_core.audio.renewing.renewal import Renewal


@click.command()
@click.argument("typed", metavar="FILE", type=click.Path())
@target_option(help="Instrument to play it on.  [default: ask]")
@model_option()
@seed_option(metavar="NUMBER")
@channels_option(help="What is one player on several channels is translated once with auto.")
@dynamics_option(metavar="NUMBER")
@transpose_option()
@quiet_option()
def edit(typed: str, target: str | None, model: str, quiet: bool, **options: Any) -> None:
    """Play FILE on another instrument, in its place.

    For DAWs that hand a take to an external editor and read it again afterwards: name
    "umtn edit --to trumpet" as the editor. FILE is WAV or its kin, AIFF, CAF, AU or FLAC. What
    it held is kept beside it as NAME.original.wav or the like, and is never overwritten; FILE
    itself changes at the very end, at once, and in nothing but its sound: not its sample format,
    its markers, its tags, or who may use it. Where FILE is a link, the file behind it changes,
    the original lies beside that, and the link stays.
    """
    from bridge.cli.editing.replace import replace
    from bridge.cli.editing.take import Take
    from umtn_core.audio.read import take_audio
    from umtn_core.bundle import Bundle
    from umtn_core.translation import Source
    from umtn_core.translator import Translator

    if not typed:
        raise UmtnError("FILE is empty; name the file to edit.")
    file = Path(to_read(typed))
    take = Take.at(file)
    renew = _renewal(take, target)
    bundle = Bundle.open(model)
    translator = Translator(bundle, target or _asked(bundle.domains), **options)
    if (earlier := take.earlier) is not None:
        _remark(
            file,
            f"What it was before an earlier edit is in {earlier}; copy that back to start from it, "
            "since what is translated now is what it holds.",
        )
    with stoppable() as stopped, meter(quiet) as show:
        sound = take_audio(take.path, folder=take.folder, cancelled=stopped)
        translation = translator.begin(
            [Source(sound, sound.sample_rate)], cancelled=stopped, scratch=take.folder
        )
        translation.advance(
            progress=lambda progress: show.update(file.name, progress.fraction, 1),
            cancelled=stopped,
        )
        (blocks,) = translation.results(stopped)
        clipped = 0

        def write(old: BinaryIO, new: BinaryIO) -> None:
            nonlocal clipped
            clipped = renew(old, new, blocks)

        original = replace(take, write, stopped)
    for remark in filter(None, (sound.remark, *translation.remarks)):
        _remark(file, remark)
    if clipped:
        _remark(file, f"{clipped} samples were louder than its format holds, and are clipped.")
    print_line(f"{file} is played on the {translator.target}; what it was is in {original}")


def _remark(file: Path, sentence: str) -> None:
    say(f"{file}: {sentence}")


def _renewal(take: Take, target: str | None) -> Renewal:
    """Tell how a take is written again, and refuse what would be worse for it each time."""
    from umtn_core.audio.renewing.renewal import renewal_of

    try:
        with take.path.open("rb") as file:
            renew = renewal_of(file, take.name, take.folder)
    except OSError as error:
        raise UmtnError(f"Cannot read {take.name}: {error.strerror or error}.") from error
    if renew is None:
        ending = ".new.wav" if take.name.suffix.lower() == ".wav" else ".wav"
        wave = take.name.with_name(take.name.stem + ending)
        raise UmtnError(
            f"{take.name} is left as it is: only plain WAV, AIFF and FLAC can be written again "
            "with nothing changed but the sound, and what is packed in other ways gets worse, and "
            "often later or longer, with each pass, or is not written here at all; make a WAV file "
            f"of it with: umtn translate {shell_word(take.name)} --to {target or 'TARGET'} "
            f"-o {shell_word(wave)}"
        )
    return renew


def _asked(domains: tuple[str, ...]) -> str | None:
    """Ask a person for the target, where there is one to ask."""
    if len(domains) == 1 or not sys.stdin.isatty():
        return None
    answer: str = click.prompt("Play it on", type=OneOf(domains))
    return answer

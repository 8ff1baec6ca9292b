"""Translates a folder of recordings inside a chain of pedalboard effects.

The translator is called like any effect, so it stands between two boards: what reaches the
network is cleaned up first, and what it plays gets a room around it.

    python examples/pedalboard_folder.py takes/ played/ --to trumpet
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pedalboard import HighpassFilter, PeakFilter, Pedalboard, Reverb

from umtn_core import Translator, UmtnError, read_audio, write_audio
from umtn_core.audio import check_output

#: Before the network: no rumble, which it would try to play, and a little more presence.
BEFORE = Pedalboard([HighpassFilter(60), PeakFilter(2_500, gain_db=3, q=0.7)])
#: After it: some room. JUCE plays a dry level of 0.5 as loud as it came.
AFTER = Pedalboard([Reverb(room_size=0.4, wet_level=0.2, dry_level=0.5)])


def translate_folder(
    folder: Path, output: Path, translate: Translator, *, overwrite: bool = False
) -> list[Path]:
    """Play every WAV file of a folder through the chain.

    Parameters
    ----------
    folder
        Where the recordings are.
    output
        Folder for the results, under the same names; made if need be.
    translate
        What stands in the middle of the chain.
    overwrite
        Replace results that are there already.

    Returns
    -------
    list of Path
        The results.

    Raises
    ------
    UmtnError
        If there is no recording, one cannot be read, or a result cannot be written, which is
        found out before any is played.
    """
    recordings = sorted(each for each in folder.glob("[!.]*") if each.suffix.lower() == ".wav")
    if not recordings:
        raise UmtnError(f"There are no WAV files in {folder}.")
    if output.resolve() == folder.resolve():
        raise UmtnError(
            f"The results would replace the recordings in {folder}: name another folder."
        )
    for recording in recordings:
        check_output(output / recording.name, overwrite=overwrite, make_folders=True)
    output.mkdir(parents=True, exist_ok=True)
    for recording in recordings:
        audio, sample_rate = read_audio(recording)
        played = AFTER(translate(BEFORE(audio, sample_rate), sample_rate), sample_rate)
        write_audio(output / recording.name, played, sample_rate, overwrite=overwrite)
    return [output / recording.name for recording in recordings]


def main() -> None:
    """Read the command line, and say what was written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--to", required=True, metavar="INSTRUMENT")
    parser.add_argument("--model", default="default")
    parser.add_argument("--force", action="store_true")
    wanted = parser.parse_args()
    try:
        translate = Translator(wanted.model, wanted.to)
        written = translate_folder(wanted.folder, wanted.output, translate, overwrite=wanted.force)
    except UmtnError as error:
        sys.exit(f"pedalboard_folder: {error}")
    for path in written:
        print(path)


if __name__ == "__main__":
    main()

"""Whether a run on a lent machine can begin, and the checkpoint that it begins with.

Usage: python tools/gpu/start.py SETTINGS MUSIC [CHECKPOINT FOLDER]

Checks that a run of the settings can be made on the recipe's music, and that it can begin with the
checkpoint, whose weights are written in parts.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tools.gpu.parts import split
from umtn_core.data.synth.recipe_file import load_recipe
from umtn_core.errors import UmtnError
from umtn_core.shape import NetworkShape
from umtn_core.training.settings import read_settings


def main() -> None:
    """Do what the command line says."""
    if len(sys.argv) not in (3, 5):
        raise SystemExit(__doc__)
    try:
        wanted, played = read_settings(sys.argv[1]), tuple(load_recipe(sys.argv[2]).domains)
        domains = wanted.domains or played
        if strange := set(domains) - set(played):
            raise UmtnError(
                f"The settings name the domain {min(strange)}, and the music has "
                f"{', '.join(played)}: name settings or music that fit."
            )
        if len(sys.argv) == 5:
            _begin_with(Path(sys.argv[3]), wanted.network_shape, domains, Path(sys.argv[4]))
    except UmtnError as error:
        raise SystemExit(str(error)) from error


def _begin_with(
    checkpoint: Path, shape: NetworkShape, domains: tuple[str, ...], folder: Path
) -> None:
    # PyTorch takes seconds to begin, and nothing else here needs it.
    from umtn_core.training.checkpoint import read_checkpoint, slim

    found = read_checkpoint(checkpoint)
    if found.settings.network_shape != shape:
        raise UmtnError(f"{checkpoint} has another shape than the settings: name its own.")
    if set(found.domains) != set(domains):
        raise UmtnError(
            f"{checkpoint} has the domains {', '.join(found.domains)}, and the run has "
            f"{', '.join(domains)}: name settings or music that fit."
        )
    with tempfile.TemporaryDirectory() as scratch:
        slim(checkpoint, Path(scratch) / "start.ckpt")
        split(Path(scratch) / "start.ckpt", folder)


if __name__ == "__main__":
    main()

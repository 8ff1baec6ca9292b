"""The checkpoint that a run on a lent machine begins with.

Usage: python tools/gpu/start.py CHECKPOINT SETTINGS MUSIC FOLDER

Checks that a run of the settings on the recipe's music can begin with it, and writes its weights in
parts.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tools.gpu.parts import split
from umtn_core.data.synth.recipe_file import load_recipe
from umtn_core.errors import UmtnError
from umtn_core.training.checkpoint import read_checkpoint, slim
from umtn_core.training.settings import read_settings


def main() -> None:
    """Do what the command line says."""
    if len(sys.argv) != 5:
        raise SystemExit(__doc__)
    checkpoint, folder = Path(sys.argv[1]), Path(sys.argv[4])
    try:
        wanted, found = read_settings(sys.argv[2]), read_checkpoint(checkpoint)
        if found.settings.network_shape != wanted.network_shape:
            raise UmtnError(f"{checkpoint} has another shape than the settings: name its own.")
        domains = wanted.domains or tuple(load_recipe(sys.argv[3]).domains)
        if set(found.domains) != set(domains):
            raise UmtnError(
                f"{checkpoint} has the domains {', '.join(found.domains)}, and the run has "
                f"{', '.join(domains)}: name settings or music that fit."
            )
        with tempfile.TemporaryDirectory() as scratch:
            slim(checkpoint, Path(scratch) / "start.ckpt")
            split(Path(scratch) / "start.ckpt", folder)
    except UmtnError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()

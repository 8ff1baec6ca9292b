"""A training run on a lent machine, begun again more plainly where it fails.

Usage: python tools/gpu/training.py SECONDS LOG SETTINGS [more of umtn train]

Runs `umtn train` for so many seconds in all, and adds to LOG what it says. A run that fails, or
that has made no batches after a third of the time, is begun again without compiling, then without
recording its step, then in float32, and goes on from its last checkpoint if it has saved one; but
not where it trains on no GPU. Ends with 0 where the last try came to its end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from umtn_core.errors import UmtnError
from umtn_core.training.settings import read_settings

#: What each further try leaves out as well.
PLAINER = (
    ("without compiling", "machine.compile=false"),
    ("without recording its step", "machine.capture=off"),
    ("in float32", "machine.precision=32-true"),
)
#: Share of the time in which a run has to have made its first batches.
PATIENCE = 0.35
#: Seconds that a run has to have left to be begun again.
LEAST = 20.0
#: What `umtn train` begins the sentence with that says how far it is, the first after 20 batches.
SIGN = "Batch "


def aside(seconds: float) -> float:
    """Say how many of a run's seconds are not for training: to begin, and to save at the end."""
    return min(45.0, 25.0 + seconds / 18)


class Try:
    """A run under way.

    Parameters
    ----------
    command
        The program and its arguments.
    log
        The file that its output is added to.
    """

    def __init__(self, command: Sequence[str], log: Path):
        self.begun = False
        self._log = log
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._log.open("a", encoding="utf-8") as log:
            for line in self._process.stdout:
                self.begun = self.begun or line.startswith(SIGN)
                print(line, end="", flush=True)
                log.write(line)
                log.flush()

    def wait(self, seconds: float, until: Callable[[], bool] = lambda: False) -> int | None:
        """Wait for the run's end, or until something is so.

        Returns
        -------
        int or None
            The run's status; None while it goes on.
        """
        end = time.monotonic() + seconds
        while (status := self._process.poll()) is None:
            if time.monotonic() >= end or until():
                return None
            time.sleep(0.1)
        self._reader.join(5)
        return status

    def stop(self, patience: float = 12.0) -> None:
        """Ask it to save and end, and end it; its loaders end by themselves."""
        self._process.terminate()
        if self.wait(patience) is None:
            self._process.kill()
            self.wait(5)


def run(
    command: Sequence[str],
    log: Path,
    seconds: float,
    plainer: Sequence[tuple[str, str]],
    on_gpu: Callable[[], bool],
) -> int:
    """Run, and begin again more plainly as long as there is time.

    Parameters
    ----------
    command
        `umtn train` with its arguments, but for the minutes.
    log
        The file that the output is added to.
    seconds
        The seconds that there are for all.
    plainer
        What each further try is called, and the setting that it changes.
    on_gpu
        Whether the run trains on a GPU. Elsewhere it may be slow to begin, and there is nothing
        plainer.

    Returns
    -------
    int
        The status: 0 where the last try came to its end.
    """
    until = time.monotonic() + seconds

    def left() -> float:
        return until - time.monotonic()

    def tell(text: str) -> None:
        print(text, flush=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(text + "\n")

    changes: list[str] = []
    for name, change in [*plainer, ("", "")]:
        minutes = max(5.0, left() - aside(left())) / 60
        tell(f"training for {minutes:.1f} minutes")
        tried = Try([*command, "--minutes", f"{minutes:.3f}", *changes], log)
        status = None
        if name:
            status = tried.wait(PATIENCE * left(), lambda now=tried: now.begun)  # type: ignore[misc]
        if status is None and (tried.begun or not name or not on_gpu()):
            status = tried.wait(max(10.0, left() - 8))
            if status is None:
                tried.stop()
                tell("the run did not end by itself, and was stopped before it had cooled down.")
                return 1
        if status == 0:
            return 0
        tried.stop(0)
        why = "made no batches" if status is None else f"failed (status {status})"
        if not name or left() < LEAST or not on_gpu():
            tell(f"the run has {why}.")
            return 1
        changes += ["--set", change]
        tell(f"the run has {why}: it is begun again {name}.")
    raise AssertionError("the last try returns")


@cache
def trains_on_gpu() -> bool:
    """Whether PyTorch has a GPU to train on, asked in a process of its own."""
    asked = "import sys, torch; sys.exit(not torch.cuda.is_available())"
    return subprocess.run([sys.executable, "-c", asked]).returncode == 0


def main() -> int:
    """Do what the command line says; returns the exit status."""
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    seconds, log, settings, *more = sys.argv[1:]
    try:
        machine = read_settings(settings).machine
    except UmtnError as error:
        raise SystemExit(str(error)) from error
    compiles = machine.compile or any("machine.compile=true" in option for option in more)
    command = [sys.executable, "-m", "bridge.cli", "train", settings, "--quiet", *more]
    return run(
        command, Path(log), float(seconds), PLAINER if compiles else PLAINER[1:], trains_on_gpu
    )


if __name__ == "__main__":
    sys.exit(main())

"""Readers in processes of their own: one may hang, crash, or want more memory than it may have.

``python reading.py WHO`` prints ``ready``, then for each path that it is given on a line a line of
JSON: what was wrong, or the rate and the number of channels of what it wrote beside the file.
"""

from __future__ import annotations

import json
import resource
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[4]
#: What reading a small file may take beyond the interpreter with all its libraries.
MEMORY = 300 << 20


@dataclass(frozen=True)
class Read:
    """What one reader made of one file."""

    audio: NDArray[np.float32] | None
    rate: int
    #: Why there is no audio.
    refused: str
    #: Of the processor's time.
    seconds: float
    #: What must not be: it ended, hung, or failed in a way that is no refusal.
    failed: str = ""


class Reader:
    """A process that reads files in the way of ``who``: umtn, ffmpeg or pedalboard."""

    def __init__(self, who: str, limit: float = 10.0):
        self._who = who
        self._limit = limit
        self._process: subprocess.Popen[str] | None = None

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.umtn_core.audio.fuzzing.reading", self._who]
        process = subprocess.Popen(
            command, cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", f"the reader {self._who} does not start"
        self._process = process
        return process

    def read(self, path: Path) -> Read:
        """Read a file, or tell how that failed."""
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        heard, _, _ = select.select([process.stdout], [], [], self._limit)
        line = process.stdout.readline() if heard else ""
        if not line:
            self.stop()
            what = f"ended with {process.returncode}" if heard else f"hung for {self._limit} s"
            return Read(None, 0, "", 0.0, what)
        said = json.loads(line)
        audio = None
        if said["channels"]:
            audio = np.fromfile(f"{path}.f32", np.float32).reshape(said["channels"], -1)
        return Read(audio, said["rate"], said["refused"], said["seconds"], said["failed"])

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _serve(who: str) -> None:
    from umtn_core.errors import UmtnError

    if who == "umtn":
        from umtn_core.audio import read_audio as read
    elif who == "ffmpeg":
        from tests.umtn_core.audio.kinds.ffmpeg import read_by_ffmpeg as read
    else:
        from tests.umtn_core.audio.fuzzing.by_pedalboard import read_by_pedalboard as read
    # All libraries are there before the limit is set.
    from tests.umtn_core.audio.kinds import flac, mp3, ogg, wav

    for contents, name in ((wav.PLAIN, "a.wav"), (mp3.VBR, "a.mp3"), (flac.FLAC, "a.flac"),
                           (ogg.VORBIS, "a.ogg")):  # fmt: skip
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / name).write_bytes(contents)
            read(Path(folder) / name)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    if who == "umtn":
        resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    print("ready", flush=True)
    for line in sys.stdin:
        path = line.rstrip("\n")
        said = {"refused": "", "failed": "", "rate": 0, "channels": 0}
        began = time.process_time()
        try:
            audio, rate = read(Path(path))
            np.ascontiguousarray(audio, np.float32).tofile(f"{path}.f32")
            said |= {"rate": int(rate), "channels": len(audio)}
        except UmtnError as error:
            said["refused"] = str(error)
        except Exception as error:
            said["failed" if who == "umtn" else "refused"] = f"{type(error).__name__}: {error}"
        print(json.dumps(said | {"seconds": time.process_time() - began}), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1])

"""What the Ardour scripts ask of the bridge and make of its answers, without Ardour."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.bridge.conftest import RealBridge
from umtn_core.audio import read_audio
from umtn_core.audio.write import write_audio

HERE = Path(__file__).parent
SCRIPTS = Path(__file__).parents[3] / "plugin_host" / "scripts" / "ardour"
LUA = shutil.which("lua5.3") or shutil.which("lua5.4")

pytestmark = pytest.mark.skipif(LUA is None, reason="needs Lua (apt install lua5.3)")


@pytest.mark.parametrize("script", sorted(SCRIPTS.iterdir()), ids=lambda path: path.name)
def test_it_is_lua(script: Path) -> None:
    assert LUA
    program = 'assert(loadfile(arg[1], "t"))'
    subprocess.run([LUA, "-", script], input=program, text=True, check=True)


def test_jobs_are_sent_and_what_becomes_of_them_is_seen(
    bridge: RealBridge, recording: Callable[..., Path]
) -> None:
    folder = bridge.session / "it's a folder"
    folder.mkdir()
    source = shutil.copy(recording(seconds=0.1), folder / "source.wav")
    # Of sound, as silence is not played: it would be done before it could be given up.
    tone = np.sin(2 * np.pi * 440 / 16_000 * np.arange(16_000 * 600)).astype(np.float32)
    write_audio(folder / "long.wav", tone[None], 16_000)
    write_audio(folder / "silent.wav", np.zeros((1, 1600), np.float32), 16_000)

    def run() -> list[list[str]]:
        assert LUA
        done = subprocess.run(
            [LUA, HERE / "ardour_module.lua", SCRIPTS / "umtn_regions.module", folder,
             Path(sys.executable).parent / "umtn", source],
            env=bridge.environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    absent, found, model, *became = run()
    done, silent = (row for row in became if row[0] == "DONE")
    failed = [row for row in became if row[0] == "FAILED"]
    assert absent[1].startswith("The program umtn was not found.")
    assert found == ["BRIDGE", str(bridge.session)]
    assert model == ["MODEL", "tiny", "flute+violin"]
    assert done == ["DONE", "job1", "1000", "a track", str(folder / "it's 1.wav"), "nil"]
    assert silent[:2] == ["DONE", "job4"] and silent[-1].startswith("This recording is as good as")
    audio, rate = read_audio(folder / "it's 1.wav")
    assert audio.shape == (1, round(0.1 * rate))
    # Refused at once, as nothing is played on an oboe; and taken, but no audio.
    assert sorted(row[:2] for row in failed) == [["FAILED", "job2"], ["FAILED", "job3"]]
    assert "oboe" in min(failed)[2]

    # What has not ended can be given up, and what no bridge knows as well; nothing of it stays.
    under_way = {row[1]: row[2] for row in became if row[0] == "UNDER WAY"}
    assert under_way.keys() == {"job5", "job6"}
    assert under_way["job5"].startswith(("queued", "running"))
    assert under_way["job6"] == "not known to the bridge"
    assert ["CANCELLED", "2", "nil"] in became
    # A job is in the list until it is here, all are one step for undo, and no fades are added.
    assert [row for row in became if row[0] in ("BEGIN", "IMPORT", "NOTED", "COMMIT", "CAME")] == [
        ["IMPORT", "it's 1.wav", "job1+job2+job3+job4"],
        ["IMPORT", "4.wav", "job2+job3+job4"],
        ["BEGIN", "Bring back translations"],
        ["NOTED", "diff"],
        ["COMMIT", "nil"],
        ["CAME", "1", "3", "0", "0", "a track", "off+off"],
    ]
    # Of what was sent, and noted of it, nothing is left, however the job ended.
    left = sorted(path.name for path in folder.iterdir())
    assert left == [
        "3.wav", "4.wav", "broken.wav", "it's 1.wav", "long.wav", "silent.wav", "source.wav",
        "umtn-command", "umtn-translations.txt",
    ][1:]  # fmt: skip

    bridge.stop()
    assert "umtn bridge" in run()[1][1]

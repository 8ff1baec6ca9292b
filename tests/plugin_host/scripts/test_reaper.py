"""The REAPER script's logic, under plain Lua with a stand-in for REAPER and a real bridge."""

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

SCRIPTS = Path(__file__).parents[3] / "plugin_host" / "scripts" / "reaper"
LUA = shutil.which("lua5.3") or shutil.which("lua5.4")
UMTN = Path(sys.executable).parent / "umtn"

pytestmark = pytest.mark.skipif(LUA is None, reason="needs Lua (apt install lua5.3)")


Run = Callable[..., tuple[list[str], list[list[str]]]]


@pytest.fixture
def run(tmp_path: Path, bridge: RealBridge) -> Run:
    """Run the script: answers to its dialog, selected items; messages and takes come back."""
    (tmp_path / "project").mkdir()

    def run(answers: str, *items: str, umtn: object = UMTN) -> tuple[list[str], list[list[str]]]:
        assert LUA
        script = SCRIPTS / "translate_selected_items.lua"
        done = subprocess.run(
            [LUA, Path(__file__).parent / "fake_reaper.lua", script, tmp_path, str(umtn), answers,
             *items],
            env=bridge.environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        rows = [line.split("\t") for line in done.stdout.splitlines()]
        messages = [row[1] for row in rows if row[0] == "MESSAGE"]
        return messages, [row[1:] for row in rows if row[0] == "TAKE"]

    return run


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.lua")), ids=lambda path: path.name)
def test_it_is_lua(script: Path) -> None:
    assert LUA
    program = 'assert(loadfile(arg[1], "t"))'
    subprocess.run([LUA, "-", script], input=program, text=True, check=True)


def test_items_come_back_on_new_tracks_below_at_their_places(
    run: Run, bridge: RealBridge, recording: Callable[..., Path], tmp_path: Path
) -> None:
    source = recording("my source.wav", seconds=1.5)
    before = source.read_bytes()
    messages, takes = run(
        "violin,item,7,-2,0.5,mono",
        # Twice as fast, from a quarter second on; then beginning before its source, and past it.
        f"{source}|3|0.25|0.25|2|1.5",
        f"{source}|8|2|-0.1|1|1.5",
    )
    assert messages == []
    assert source.read_bytes() == before
    # Of what was sent nothing stays: results alone.
    assert len(list(bridge.session.iterdir())) == 2
    originals = [take for take in takes if take[1] == "source"]
    assert [take[2:5] for take in originals] == [["3", "0.25", "0.5"], ["8", "2", "0.5"]]
    fast, past = sorted((take for take in takes if take[1] != "source"), key=lambda take: take[1])
    assert (fast[1], past[1]) == ("take1 violin", "take2 violin")
    assert all(take[0] in ("2", "3") for take in (fast, past))
    assert [float(value) for value in fast[2:7]] == [3, 0.25, 0.5, 0, 2]
    assert [float(value) for value in past[2:7]] == pytest.approx([8.1, 1.5, 0.5, 0, 1])
    for take, seconds in (fast, 0.5), (past, 1.5):
        result = Path(take[-1])
        assert result.parent == tmp_path / "project"
        audio, rate = read_audio(result)
        assert audio.shape[1] == round(seconds * rate)
        assert np.abs(audio).max() > 0


def test_a_result_can_be_a_new_take(run: Run, recording: Callable[..., Path]) -> None:
    source = recording(seconds=0.5)
    messages, takes = run("flute,take,0,0,1,auto", f"{source}|8|0.4|-0.1|1|0.5")
    assert messages == []
    assert [take[:4] for take in takes] == [["1", "source", "8", "0.4"]] * 2
    # It begins as much later than the item as the source did.
    assert [float(take[5]) for take in takes] == pytest.approx([-0.1, -0.1])
    audio, rate = read_audio(Path(takes[1][-1]))
    assert audio.shape[1] == round(0.3 * rate)


def test_it_says_what_the_bridge_notes_of_a_source(run: Run, tmp_path: Path) -> None:
    write_audio(tmp_path / "silent.wav", np.zeros((1, 8000), np.float32), 16_000)
    item = f"{tmp_path / 'silent.wav'}|0|0.5|0|1|0.5"
    (message,), takes = run("flute,item,0,0,1,auto", item)
    assert message.startswith("take1: This recording is as good as silent")
    assert len(takes) == 2
    (message,), takes = run("flute,item,0,fifth,1,auto", item)
    assert "transpose" in message and len(takes) == 1


def test_it_says_what_is_wrong(
    run: Run, bridge: RealBridge, recording: Callable[..., Path], tmp_path: Path
) -> None:
    item = f"{recording()}|0|0.05|0|1|0.05"
    assert run("flute,item,0,0,1,auto") == (["No item is selected."], [])
    (message,), _ = run("flute,item,0,0,1,auto", f"{tmp_path / 'gone.wav'}|0|1|0|1|1")
    assert message == "Item 1 has no file."
    (message,), takes = run("oboe,item,0,0,1,auto", item)
    assert message.startswith("Say one of flute, violin") and len(takes) == 1
    (message,), _ = run("flute,item,0,0,1,auto", item, umtn=tmp_path / "no umtn")
    assert message.startswith("The program umtn was not found.")
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF and no more")
    (message,), takes = run("flute,item,0,0,1,auto", f"{broken}|0|1|0|1|1")
    assert message.startswith("take1: ") and len(takes) == 1
    bridge.stop()
    (message,), _ = run("flute,item,0,0,1,auto", item)
    assert "bridge" in message

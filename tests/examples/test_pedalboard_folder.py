from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pedalboard.io import AudioFile

ROOT = Path(__file__).parents[2]


def run(models: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "examples/pedalboard_folder.py"), *map(str, arguments)],
        env=os.environ | {"UMTN_MODELS": str(models), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def audio(path: Path) -> tuple[NDArray[np.float32], float]:
    with AudioFile(str(path)) as file:
        return file.read(file.frames), file.samplerate


def test_a_folder_is_played_through_the_chain(
    tiny_models: Path, recording: Callable[..., Path], tmp_path: Path
) -> None:
    takes = [recording("takes/a.wav", rate=44_100), recording("takes/b.wav", rate=22_050)]
    arguments = (tmp_path / "takes", tmp_path / "played", "--to", "violin", "--model", "tiny")
    done = run(tiny_models, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(tmp_path / "played" / take.name) for take in takes]
    for take in takes:
        before, rate = audio(take)
        after, rate_after = audio(tmp_path / "played" / take.name)
        assert (after.shape, rate_after) == (before.shape, rate)
        assert np.isfinite(after).all() and np.abs(after).max() > 0
        assert not np.allclose(after, before, atol=1e-3)

    again = run(tiny_models, *arguments)
    assert again.returncode == 1
    assert len(again.stderr.splitlines()) == 1
    assert run(tiny_models, *arguments, "--force").returncode == 0


def test_the_chain_has_effects_on_both_sides_of_the_network(
    tiny_models: Path, recording: Callable[..., Path], tmp_path: Path
) -> None:
    recording("takes/a.wav")
    options = ("--to", "flute", "--model", "tiny")
    assert run(tiny_models, tmp_path / "takes", tmp_path / "played", *options).returncode == 0
    command = [sys.executable, "-m", "bridge.cli", "translate", str(tmp_path / "takes/a.wav")]
    bare = tmp_path / "bare.wav"
    subprocess.run(
        [*command, "--to", "flute", "--model", "tiny", "-o", str(bare)],
        cwd=ROOT,
        env=os.environ | {"UMTN_MODELS": str(tiny_models)},
        check=True,
    )
    chained, alone = audio(tmp_path / "played/a.wav")[0], audio(bare)[0]
    assert not np.allclose(chained, alone, atol=1e-3)


def test_an_empty_folder_is_one_sentence(tiny_models: Path, tmp_path: Path) -> None:
    (tmp_path / "takes").mkdir()
    options = ("--to", "flute", "--model", "tiny")
    done = run(tiny_models, tmp_path / "takes", tmp_path / "played", *options)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "played").exists()


def test_recordings_are_never_replaced(
    tiny_models: Path, recording: Callable[..., Path], tmp_path: Path
) -> None:
    take = recording("takes/a.wav")
    before = take.read_bytes()
    (tmp_path / "link").symlink_to("takes")
    options = ("--to", "flute", "--model", "tiny", "--force")
    done = run(tiny_models, tmp_path / "takes", tmp_path / "link", *options)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1 and "another folder" in done.stderr
    assert take.read_bytes() == before


def test_what_cannot_be_written_is_found_out_before_anything_is_played(
    tiny_models: Path, recording: Callable[..., Path], tmp_path: Path
) -> None:
    for name in ("takes/a.wav", "takes/b.WAV", "played/b.WAV"):
        recording(name)
    options = ("--to", "flute", "--model", "tiny")
    done = run(tiny_models, tmp_path / "takes", tmp_path / "played", *options)
    assert done.returncode == 1 and "b.WAV" in done.stderr
    assert [each.name for each in (tmp_path / "played").iterdir()] == ["b.WAV"]

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pedalboard.io import AudioFile

from umtn_core.data.synth.soundfonts import KNOWN, find_soundfont
from umtn_core.errors import UmtnError

EXAMPLES = Path(__file__).parents[2] / "examples"


def has_soundfont() -> bool:
    for name in KNOWN:
        try:
            find_soundfont(name)
        except UmtnError:
            continue
        return True
    return False


def demo(
    models: Path, *arguments: object, path: str | None = None, cache: Path | None = None
) -> subprocess.CompletedProcess:
    environment = os.environ | {"UMTN_MODELS": str(models), "PYTHONPATH": str(EXAMPLES.parent)}
    if path is not None:
        environment["PATH"] = path
    if cache is not None:
        environment["XDG_CACHE_HOME"] = str(cache)
    return subprocess.run(
        [sys.executable, str(EXAMPLES / "demo.py"), *map(str, arguments), "--model", "tiny"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_demo_leaves_source_translation_and_picture(
    tiny_models: Path, recording: Callable[..., Path], tmp_path: Path
) -> None:
    source = recording(seconds=0.5, rate=44_100)
    done = demo(tiny_models, source, "--to", "flute", "--output", tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    lengths = []
    for name in ("source.wav", "translation.wav"):
        assert name in done.stdout
        with AudioFile(str(tmp_path / "demo" / name)) as file:
            lengths.append((file.frames, file.samplerate))
            assert np.abs(file.read(file.frames)).max() > 0.01
    assert lengths == [(22_050, 44_100)] * 2
    assert (tmp_path / "demo/spectrograms.png").read_bytes().startswith(b"\x89PNG")


def test_a_demo_without_a_model_is_one_sentence(tmp_path: Path) -> None:
    done = demo(tmp_path, "--output", tmp_path / "demo")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "demo").exists()


@pytest.mark.long
@pytest.mark.skipif(
    not (shutil.which("fluidsynth") and has_soundfont()), reason="needs FluidSynth and a soundfont"
)
def test_without_apt_a_soundfont_plays_a_tune(tiny_models: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "fluidsynth").symlink_to(shutil.which("fluidsynth") or "")
    done = demo(tiny_models, "--output", tmp_path / "demo", path=str(programs), cache=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Ode to Joy" in done.stdout
    with AudioFile(str(tmp_path / "demo/source.wav")) as file:
        assert 10 < file.frames / file.samplerate < 20
        assert np.abs(file.read(file.frames)).max() > 0.05


def test_a_folder_that_cannot_be_made_is_one_sentence(
    tiny_models: Path, recording: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("precious")
    done = demo(tiny_models, recording(), "--to", "flute", "--output", tmp_path / "file")
    assert done.returncode == 1
    assert done.stderr.startswith("demo: ") and len(done.stderr.splitlines()) == 1
    assert (tmp_path / "file").read_text() == "precious"

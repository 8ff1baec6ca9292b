from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bridge.cli import diagnosis, packages
from bridge.cli.main import umtn

pytestmark = pytest.mark.usefixtures("models_folder")


def examined() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CliRunner().invoke(umtn, ["doctor", "--json"]).stdout)
    return found


def problems(found: dict[str, Any], stops: str) -> str:
    return "\n".join(p["what"] + p["advice"] for p in found["problems"] if p["stops"] == stops)


def test_a_whole_installation_has_nothing_in_the_way() -> None:
    result = CliRunner().invoke(umtn, ["doctor"])
    assert result.exit_code == 0, result.output
    assert "CPUExecutionProvider" in result.stdout
    assert "tiny: flute, violin" in result.stdout
    found = examined()
    assert not problems(found, "everything")
    assert found["packages"]["numpy"] and found["packages"]["pedalboard"]
    assert "torch" in found["training_packages"]


def test_missing_packages_are_named_with_the_command_that_brings_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = packages.installed
    monkeypatch.setattr(
        packages, "installed", lambda name: None if name in ("soxr", "torch") else there(name)
    )
    result = CliRunner().invoke(umtn, ["doctor"])
    assert result.exit_code == 1
    found = examined()
    assert "soxr" in problems(found, "everything")
    assert "torch" in problems(found, "training")
    assert 'pip install "umtn[train]"' in problems(found, "training")


def test_two_onnxruntimes_are_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"onnxruntime-gpu": "1.30", "onnxruntime": "1.31"}
    monkeypatch.setattr(diagnosis, "onnxruntimes", lambda: both)
    found = examined()
    advice = problems(found, "everything")
    assert "pip uninstall --yes onnxruntime-gpu onnxruntime" in advice


def test_an_onnxruntime_that_cannot_be_loaded_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert "onnxruntime cannot be loaded" in problems(examined(), "everything")


def test_a_damaged_model_is_found_by_its_checksum(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torn = tmp_path / "models" / "torn"
    shutil.copytree(tiny_bundle, torn)
    (torn / "encoder.onnx").write_bytes(b"nonsense")
    monkeypatch.setenv("UMTN_MODELS", str(torn.parent))
    assert "torn" in problems(examined(), "nothing")


@pytest.mark.parametrize("name", ["~", "..a", "m.zip", "a b"])
def test_a_model_is_opened_where_it_lies_whatever_it_is_called(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    shutil.copytree(tiny_bundle, tmp_path / "models" / name)
    monkeypatch.setenv("UMTN_MODELS", str(tmp_path / "models"))
    assert "The model" not in problems(examined(), "nothing")


def test_missing_fluidsynth_and_soundfonts_are_only_notes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from umtn_core.data.synth import soundfonts

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(soundfonts, "search_path", lambda: [tmp_path])
    found = examined()
    assert found["fluidsynth"] is None
    assert not any(found["soundfonts"].values())
    assert "apt install fluidsynth" in problems(found, "nothing")
    assert "fluid-soundfont-gm" in problems(found, "nothing")
    assert not problems(found, "everything")

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli.main import umtn


def test_models_are_listed_with_domains_licence_and_quality(models_folder: Path) -> None:
    result = CliRunner().invoke(umtn, ["models"])
    assert result.exit_code == 0, result.stderr
    assert "tiny" in result.stdout
    assert "heard and made at 16 kHz\n" in result.stdout
    for words in ("flute, violin", "CC0-1.0", "its weights are random", "pitch, flute: 0.125"):
        assert words in result.stdout


def test_json_has_every_model_in_full(models_folder: Path) -> None:
    result = CliRunner().invoke(umtn, ["models", "--json"])
    described = {model["name"]: model for model in json.loads(result.stdout)}
    tiny = described["tiny"]
    assert tiny["title"] == "Tiny"
    assert tiny["domains"] == ["flute", "violin"]
    assert (tiny["sample_rate"], tiny["output_rate"], tiny["bands"]) == (16_000, 16_000, 1)
    assert tiny["quality"] == {"pitch": {"flute": 0.125}}
    assert tiny["sources"] == [{"source": "nothing", "licence": "CC0-1.0"}]
    assert Path(tiny["path"]) == models_folder / "tiny"


def test_rates_and_bands_are_said(
    models_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shutil.copytree(models_folder / "tiny", tmp_path / "models" / "wide") / "manifest.json"
    said = json.loads(file.read_text())
    said["shape"] |= {"decoder_sample_rate": 32_000, "bands": 2}
    said["domains"] = [each | {"band_gains": [1, 2]} for each in said["domains"]]
    file.write_text(json.dumps(said))
    monkeypatch.setenv("UMTN_MODELS", str(tmp_path / "models"))
    listed = CliRunner().invoke(umtn, ["models"]).stdout
    assert "heard at 16 kHz, made at 32 kHz, in 2 bands" in listed


def test_what_a_model_was_taught_to_hear_is_said(
    models_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shutil.copytree(models_folder / "tiny", tmp_path / "models" / "duo") / "manifest.json"
    scope = {"lowest": 48, "highest": 72, "voices": 2, "material": "duets"}
    file.write_text(json.dumps(json.loads(file.read_text()) | {"scope": scope}))
    monkeypatch.setenv("UMTN_MODELS", str(tmp_path / "models"))
    assert "duets, C3 to C5, up to 2 notes at once" in CliRunner().invoke(umtn, ["models"]).stdout
    described = json.loads(CliRunner().invoke(umtn, ["models", "--json"]).stdout)
    assert {model["name"]: model.get("scope") for model in described}["duo"] == scope


def test_a_broken_model_is_listed_as_such(
    models_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(models_folder / "tiny", tmp_path / "models" / "torn")
    (tmp_path / "models/torn/manifest.json").write_text("{")
    monkeypatch.setenv("UMTN_MODELS", str(tmp_path / "models"))
    result = CliRunner().invoke(umtn, ["models", "--json"])
    assert result.exit_code == 0
    torn = next(m for m in json.loads(result.stdout) if m["name"] == "torn")
    assert torn.keys() == {"name", "path", "error"}
    assert "broken" in CliRunner().invoke(umtn, ["models"]).stdout

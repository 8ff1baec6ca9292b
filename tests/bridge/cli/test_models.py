from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli.main import umtn


def test_models_are_listed_in_a_few_lines_each(models_folder: Path) -> None:
    result = CliRunner().invoke(umtn, ["models"])
    assert result.exit_code == 0, result.stderr
    tiny, *others = result.stdout.split("default (")
    assert tiny.splitlines() == [
        "tiny",
        "  plays     flute, violin",
        "  audio     heard and made at 16 kHz",
        "  weighs    0.013 million parameters, 0.069 MB",
        "  licence   CC0-1.0",
        "  trained   none: its weights are random",
        f"  lies in   {models_folder / 'tiny'}",
    ]
    assert all(len(line) <= 100 for part in others for line in part.splitlines())
    assert "`umtn models tiny`" in result.stderr


@pytest.mark.parametrize("asked", [["Tiny"], ["--verbose"]])
def test_all_there_is_to_know_is_shown_when_asked_for(
    models_folder: Path, asked: list[str]
) -> None:
    result = CliRunner().invoke(umtn, ["models", *asked])
    assert result.exit_code == 0, result.stderr
    assert "pitch, flute: 0.125" in result.stdout
    assert ("trumpet" in result.stdout) == (asked == ["--verbose"])


def test_a_model_can_be_named_by_its_path(models_folder: Path) -> None:
    result = CliRunner().invoke(umtn, ["models", f"{models_folder / 'tiny'}/", "--json"])
    (described,) = json.loads(result.stdout)
    assert described["domains"] == ["flute", "violin"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("tinny", "(did you mean tiny?)"), ("./tiny", "There is no model bundle at ./tiny;")],
)
@pytest.mark.usefixtures("models_folder")
def test_a_model_that_is_not_there_is_refused(name: str, sentence: str) -> None:
    result = CliRunner().invoke(umtn, ["models", name])
    assert (result.exit_code, result.stdout) == (1, "")
    assert sentence in result.stderr


def test_json_has_every_model_in_full(models_folder: Path) -> None:
    result = CliRunner().invoke(umtn, ["models", "--json"])
    described = {model["name"]: model for model in json.loads(result.stdout)}
    tiny = described["tiny"]
    assert tiny["title"] == "Tiny"
    assert tiny["domains"] == ["flute", "violin"]
    assert (tiny["sample_rate"], tiny["output_rate"], tiny["bands"]) == (16_000, 16_000, 1)
    assert tiny["quality"] == {"pitch": {"flute": 0.125}}
    assert tiny["bytes"] == sum(file.stat().st_size for file in (models_folder / "tiny").iterdir())
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
    listed = CliRunner().invoke(umtn, ["models"]).stdout
    assert "broken    The manifest of the model bundle torn is not valid" in listed
    alone = CliRunner().invoke(umtn, ["models", "torn"])
    assert alone.exit_code == 1
    assert "The manifest of the model bundle torn is not valid" in alone.stderr


def with_model(folder: Path, tiny: Path, called: str, **changes: object) -> Path:
    """Put a model beside others whose manifest says something else."""
    file = shutil.copytree(tiny, folder / called) / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    return file.parent


@pytest.mark.parametrize("options", [[], ["--verbose"], ["--json"]])
def test_no_model_stops_the_list_or_steers_the_terminal(
    models_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    folder, tiny = tmp_path / "models", models_folder / "tiny"
    odd = {"value": "x", "ceiling": {"a": [1]}, "floor": None}
    with_model(folder, tiny, "odd", quality={"pitch_within_50": odd, "b": [[[]]], "c": {}})
    (with_model(folder, tiny, "gone") / "more").symlink_to("nowhere")
    (with_model(folder, tiny, "less") / "encoder.onnx").unlink()
    with_model(folder, tiny, "steering", licence="free\x1b]0;mine\x07", name="\x9b2J")
    with_model(folder, tiny, "wordy", licence="free\nto use " + "x" * 3000)
    with_model(folder, tiny, "name\x1b[2J")
    os.mkfifo(with_model(folder, tiny, "pipe") / "pipe")
    monkeypatch.setenv("UMTN_MODELS", str(folder))
    result = CliRunner().invoke(umtn, ["models", *options])
    assert result.exit_code == 0, result.output
    assert all(line.isprintable() for line in result.stdout.splitlines())
    if options == ["--json"]:
        found = {model["name"]: model for model in json.loads(result.stdout)}
        assert {name for name, model in found.items() if "error" in model} == {"steering"}
        assert {"odd", "gone", "less", "wordy", "pipe", "default"} <= found.keys()
    else:
        assert result.stdout.count("  broken    ") == 1
        assert result.stdout.count("  lies in   ") == 8
        assert ("pitch_within_50: x (floor -" in result.stdout) == (options == ["--verbose"])
        longest = max(map(len, result.stdout.splitlines()))
        assert longest > 3000 if options else longest < 300

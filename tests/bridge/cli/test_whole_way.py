"""From folders of audio to a translation, by the command line alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner

from bridge.cli.main import umtn

SETTINGS = """
store: {folder}/store
output: {folder}/run
preset: small
shape:
  encoder_blocks: 1
  encoder_layers: 2
  encoder_channels: 8
  decoder_blocks: 1
  decoder_layers: 3
  residual_channels: 8
  skip_channels: 8
  conditioning_channels: 8
steps: 3
batch: 2
segment: 1600
validate_every: 3
validation_segments: 2
listen_every: 0
machine:
  accelerator: cpu
  precision: 32-true
  devices: 1
  loaders: 0
"""


def umtn_says(*arguments: object) -> str:
    result = CliRunner().invoke(umtn, list(map(str, arguments)))
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_from_audio_to_a_translation(recording: Callable[..., Path], tmp_path: Path) -> None:
    for domain in ("oboe", "harp"):
        for take in range(4):
            recording(f"music/{domain}/{take}.wav", seconds=2.0, rate=22_050)
    (tmp_path / "music/harp/notes.wav").write_text("this is not audio")

    store = tmp_path / "store"
    rate = ("--sample-rate", 16_000)
    made = json.loads(umtn_says("data", "prepare", tmp_path / "music", store, *rate, "--json"))
    assert set(made["minutes"]) == {"harp", "oboe"}
    assert [Path(skip["source"]).name for skip in made["skipped"]] == ["notes.wav"]

    settings = tmp_path / "settings.yaml"
    settings.write_text(SETTINGS.format(folder=tmp_path))
    checkpoint = umtn_says("train", settings, "--quiet").split()[-1]

    bundle = tmp_path / "bundle"
    exported = umtn_says("export", checkpoint, "-o", bundle, "--licence", "CC0-1.0", "--json")
    assert json.loads(exported)["parity"]["encoder"] < 1e-4

    song = recording("song.wav", seconds=0.1, rate=44_100)
    umtn_says("translate", song, "--to", "harp", "--model", bundle)
    assert (tmp_path / "song.harp.wav").is_file()


def test_a_domain_is_added_to_a_model(recording: Callable[..., Path], tmp_path: Path) -> None:
    for domain in ("oboe", "harp", "horn"):
        for take in range(4):
            recording(f"music/{domain}/{take}.wav", seconds=2.0, rate=16_000)
    store = tmp_path / "store"
    umtn_says("data", "prepare", tmp_path / "music", store, "--sample-rate", 16_000)
    settings = tmp_path / "settings.yaml"
    settings.write_text(SETTINGS.format(folder=tmp_path) + "domains: [harp, oboe]\n")
    old = umtn_says("train", settings, "--quiet").split()[-1]
    umtn_says("export", old, "-o", tmp_path / "two", "--name", "Two")

    arguments = ["train", store, "--from", old, "--add-domain", "horn", "-o", tmp_path / "more"]
    first = CliRunner().invoke(umtn, list(map(str, [*arguments, "--quiet", "--minutes", "0.001"])))
    assert first.exit_code == 0, first.stderr
    assert "horn begins as" in first.stderr
    new = umtn_says(*arguments, "--quiet", "--nearest", "horn=oboe").split()[-1]
    umtn_says("export", new, "-o", tmp_path / "three", "--extends", tmp_path / "two")
    two, three = (
        json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("two", "three")
    )
    assert [domain["name"] for domain in three["domains"]] == ["harp", "oboe", "horn"]
    assert two["files"].items() < three["files"].items()

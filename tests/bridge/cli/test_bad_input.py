"""Whatever is wrong with what it is given: one sentence, a non-zero exit, nothing written."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from bridge.cli.main import umtn


def wav(samples: np.ndarray, channels: int = 1, claimed: int | None = None) -> bytes:
    """A float WAV file, byte for byte, whose header may claim another length."""
    data = samples.astype("<f4").tobytes()
    size = len(data) if claimed is None else claimed
    fmt = struct.pack("<HHIIHH", 3, channels, 16_000, 64_000 * channels, 4 * channels, 32)
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", len(body) + size) + body + data


TONE = 0.3 * np.sin(np.arange(1_600) / 6)

BAD = {
    "text": b"this is not audio",
    "empty": b"",
    "cut off": wav(TONE, claimed=8 * len(TONE)),
    "cut off in its header": wav(TONE)[:30],
    "no samples": wav(TONE[:0]),
    "no channels": wav(TONE, channels=0),
    "not a number": wav(np.where(np.arange(1_600) == 800, np.nan, TONE)),
    "infinite": wav(np.where(np.arange(1_600) == 800, np.inf, TONE)),
}


def refused(source: Path, model: str | Path = "tiny", target: str = "flute") -> str:
    folder = source.parent
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    command = ["translate", str(source), "--to", target, "--model", str(model)]
    result = CliRunner().invoke(umtn, [*command, "-o", str(folder / "out" / "result.wav")])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert not (folder / "out").exists()
    return result.stderr


@pytest.mark.usefixtures("models_folder")
@pytest.mark.parametrize("what", BAD)
def test_a_bad_recording(tmp_path: Path, what: str) -> None:
    source = tmp_path / "take.wav"
    source.write_bytes(BAD[what])
    assert "take.wav" in refused(source)


@pytest.mark.usefixtures("models_folder")
def test_a_good_recording_made_like_the_bad_ones_is_translated(tmp_path: Path) -> None:
    source = tmp_path / "take.wav"
    source.write_bytes(wav(TONE))
    command = ["translate", str(source), "--to", "flute", "--model", "tiny"]
    assert CliRunner().invoke(umtn, command).exit_code == 0


def without_manifest(bundle: Path) -> None:
    (bundle / "manifest.json").unlink()


def with_torn_manifest(bundle: Path) -> None:
    (bundle / "manifest.json").write_text("{")


def with_changed_weights(bundle: Path) -> None:
    weights = bytearray((bundle / "decoder.flute.onnx").read_bytes())
    weights[len(weights) // 2] ^= 1
    (bundle / "decoder.flute.onnx").write_bytes(weights)


def without_a_decoder(bundle: Path) -> None:
    (bundle / "decoder.flute.onnx").unlink()


@pytest.mark.parametrize(
    "spoil", [without_manifest, with_torn_manifest, with_changed_weights, without_a_decoder]
)
def test_a_bad_model(
    tiny_bundle: Path,
    recording: Callable[..., Path],
    tmp_path: Path,
    spoil: Callable[[Path], None],
) -> None:
    bundle = tmp_path / "models" / "spoilt"
    shutil.copytree(tiny_bundle, bundle)
    spoil(bundle)
    assert "spoilt" in refused(recording(), model=bundle)


@pytest.mark.usefixtures("models_folder")
def test_a_missing_target(recording: Callable[..., Path]) -> None:
    assert "kazoo" in refused(recording(), target="kazoo")

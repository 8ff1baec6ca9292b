from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch
from click.testing import CliRunner
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from bridge.cli.main import umtn
from bridge.cli.train import _changed, _player
from export.playing import EnginePlayer
from tests.export.tones import MACHINE, SHAPE, make_store
from umtn_core.errors import UmtnError
from umtn_core.native import library
from umtn_core.training import playing
from umtn_core.training.playing import by_pytorch
from umtn_core.training.settings import Settings

PLAIN = Settings(store="store", output="run")


def test_clips_are_played_by_the_kernels_where_they_were_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(library, "is_available", lambda: True)
    found = _player(_changed(PLAIN, ("machine.threads=3",)))
    assert isinstance(found, EnginePlayer) and found.threads == 3
    of_all_cores = _player(PLAIN)
    assert isinstance(of_all_cores, EnginePlayer) and of_all_cores.threads is None
    monkeypatch.setattr(library, "is_available", lambda: False)
    assert _player(PLAIN) is by_pytorch


@pytest.mark.skipif(not library.is_available(), reason="the kernels were not built")
def test_a_run_from_the_command_line_is_heard_without_pytorch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("PyTorch was asked to play")

    monkeypatch.setattr(playing, "generate", refuse)
    values = {
        "store": str(make_store(tmp_path / "store", 0.3, "flute", "violin")),
        "output": str(tmp_path / "run"), "preset": "small", "shape": SHAPE, "machine": MACHINE,
        "steps": 2, "batch": 1, "segment": 480, "validate_every": 2, "validation_segments": 1,
        "listen_every": 2, "listen_seconds": 0.05, "judge_every": 2, "judge_seconds": 0.4,
    }  # fmt: skip
    settings = tmp_path / "settings.yaml"
    settings.write_bytes(msgspec.yaml.encode(values))
    result = CliRunner().invoke(umtn, ["train", str(settings), "--quiet"])
    assert result.exit_code == 0, result.stderr
    assert "Batch 2, judged in" in result.stderr
    log = EventAccumulator(str(tmp_path / "run" / "log"))
    log.Reload()
    assert "flute to violin" in log.Tags()["audio"]


def test_a_second_gpu_that_is_not_there_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda _: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 1)
    settings = tmp_path / "settings.yaml"
    machine = "machine: {devices: 2, strategy: ddp}"
    settings.write_text(f"store: {tmp_path}/none\noutput: {tmp_path}/run\n{machine}\n")
    result = CliRunner().invoke(umtn, ["train", str(settings)])
    assert result.exit_code == 1 and "set machine.devices to 1" in result.stderr
    assert not (tmp_path / "run").exists()


def test_settings_can_be_changed_by_name_at_any_depth() -> None:
    changes = ("steps=7", "optimiser.decoder_rate=5e-4", "shape.hop=200", "domains=[a, b]")
    changed = _changed(PLAIN, changes)
    assert changed.steps == 7
    assert changed.optimiser.decoder_rate == 5e-4
    assert changed.network_shape.hop == 200
    assert changed.domains == ("a", "b")
    assert changed.store == PLAIN.store


@pytest.mark.parametrize("change", ["stepz=7", "optimiser.rate=1", "steps", "steps.a=1"])
def test_an_unknown_setting_is_refused_by_name(change: str) -> None:
    with pytest.raises(UmtnError, match=change.partition("=")[0]):
        _changed(PLAIN, (change,))


def test_a_changed_setting_is_checked_like_any_other() -> None:
    with pytest.raises(UmtnError, match=r"optimiser\.decoder_rate"):
        _changed(PLAIN, ("optimiser.decoder_rate=-1",))
    with pytest.raises(UmtnError, match="multiple"):
        _changed(PLAIN, ("segment=12001",))


def test_a_run_without_data_says_where_data_comes_from(tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"store: {tmp_path}/none\noutput: {tmp_path}/run\n")
    result = CliRunner().invoke(umtn, ["train", str(settings)])
    assert result.exit_code == 1
    assert "umtn data" in result.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--add-domain", "oboe"],
        ["--nearest", "oboe=flute"],
        ["-o", "run"],
        [],
    ],
)
def test_what_adding_needs_is_said(tmp_path: Path, arguments: list[str]) -> None:
    result = CliRunner().invoke(umtn, ["train", str(tmp_path), *arguments])
    assert result.exit_code == 2
    assert "--add-domain" in result.stderr

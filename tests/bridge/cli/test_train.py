from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli.main import umtn
from bridge.cli.train import _changed
from umtn_core.errors import UmtnError
from umtn_core.training.settings import Settings

PLAIN = Settings(store="store", output="run")


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

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli.main import umtn


def test_what_is_no_checkpoint_is_refused_and_leaves_nothing(
    recording: Callable[..., Path], tmp_path: Path
) -> None:
    place = tmp_path / "bundle"
    result = CliRunner().invoke(umtn, ["export", str(recording()), "-o", str(place)])
    assert result.exit_code == 1
    assert "is not a checkpoint" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not place.exists()


@pytest.mark.parametrize("title", ["flute", "=Flute", "flute="])
def test_a_title_names_its_domain(
    recording: Callable[..., Path], tmp_path: Path, title: str
) -> None:
    arguments = ["export", str(recording()), "-o", str(tmp_path / "bundle"), "--title", title]
    result = CliRunner().invoke(umtn, arguments)
    assert result.exit_code == 1
    assert "DOMAIN=TITLE" in result.stderr


@pytest.mark.parametrize("factors", ["", "1;2", "1,-2", "nan", "warm"])
def test_band_temperatures_are_numbers(
    recording: Callable[..., Path], tmp_path: Path, factors: str
) -> None:
    arguments = ["export", str(recording()), "-o", str(tmp_path / "bundle")]
    result = CliRunner().invoke(umtn, [*arguments, "--band-temperatures", factors])
    assert result.exit_code == 1
    assert "with commas between" in result.stderr


def test_a_range_names_two_notes(recording: Callable[..., Path], tmp_path: Path) -> None:
    arguments = ["export", str(recording()), "-o", str(tmp_path / "bundle"), "--range", "60-84"]
    result = CliRunner().invoke(umtn, arguments)
    assert result.exit_code == 1
    assert "such as C4-C6" in result.stderr


def test_a_part_of_a_scope_is_refused_before_a_run_is_read(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    arguments = ["import-checkpoint", str(tmp_path / "run"), "-o", str(tmp_path / "bundle")]
    result = CliRunner().invoke(umtn, [*arguments, "--voices", "1"])
    assert result.exit_code == 1
    assert "all three" in result.stderr

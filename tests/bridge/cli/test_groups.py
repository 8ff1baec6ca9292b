"""Commands by names that are nearly right."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli.main import umtn


def misused(*arguments: str) -> str:
    result = CliRunner().invoke(umtn, arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


@pytest.mark.parametrize(
    "name", ["Translate", "TRANSLATE", "train_postfilter", "import checkpoint"]
)
def test_a_command_is_found_however_it_is_written(name: str) -> None:
    result = CliRunner().invoke(umtn, [name, "--help"])
    assert result.exit_code == 0
    assert f"Usage: umtn {name.lower().replace('_', '-').replace(' ', '-')} " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["translte"],
            "There is no command 'translte' (did you mean translate?); see `umtn --help`",
        ),
        (["model"], "There is no command 'model' (did you mean models?); see `umtn --help`."),
        (["sing"], "There is no command 'sing'; see `umtn --help`."),
        (["data", "prepar"], "'prepar' (did you mean prepare?); see `umtn data --help`."),
        (
            ["translate", "--too", "x"],
            "no option '--too' (did you mean --to?); see `umtn translate",
        ),
        (
            ["translate", "x.wav", "--to"],
            "'--to' requires an argument; see `umtn translate --help`",
        ),
        (
            ["--vrsion"],
            "There is no option '--vrsion' (did you mean --version?); see `umtn --help`",
        ),
    ],
)
def test_what_is_nearly_right_is_suggested(arguments: list[str], sentence: str) -> None:
    assert sentence in misused(*arguments)


def test_a_recording_in_place_of_a_command_is_told_which_takes_it(tmp_path: Path) -> None:
    (tmp_path / "my song.wav").touch()
    said = misused(str(tmp_path / "my song.wav"), "--to", "trumpet")
    assert f"`umtn translate '{tmp_path}/my song.wav' --to INSTRUMENT`" in said

"""`umtn send` says of values what `umtn translate` says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli.main import umtn


@pytest.mark.usefixtures("models_folder")
@pytest.mark.parametrize(
    "values",
    [
        "--dynamics 2", "--dynamics loud", "--mix -1", "--top-p 0", "--temperature hot",
        "--channels stereo", "--engine gpu", "--transpose 99", "--segments 0", "--seed x",
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_alike(recording: Callable[..., Path], values: str) -> None:
    arguments = [str(recording()), "--to", "flute", *values.split()]
    said = {}
    for command in ("translate", "send"):
        result = CliRunner().invoke(umtn, [command, *arguments])
        assert (result.exit_code, result.stdout) == (2, "")
        said[command] = result.stderr.replace(f"umtn {command} --help", "")
    assert said["translate"] == said["send"]

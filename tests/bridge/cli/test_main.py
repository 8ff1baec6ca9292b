from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli.main import COMMANDS, umtn

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_reached_and_explains_itself(name: str) -> None:
    result = CliRunner().invoke(umtn, [name, "--help"])
    assert result.exit_code == 0, result.stderr
    assert f"umtn {name}" in result.stdout


def test_without_a_command_there_is_help() -> None:
    result = CliRunner().invoke(umtn, [])
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    assert all(f"{name} {what}" in text for name, what in COMMANDS.items())


def test_the_version_is_the_distributions() -> None:
    result = CliRunner().invoke(umtn, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("umtn ")


@pytest.mark.parametrize("arguments", [["--help"], ["translate", "--help"], ["train", "--help"]])
def test_help_waits_for_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import sys\n"
        "from bridge.cli.main import umtn\n"
        f"umtn({arguments!r}, standalone_mode=False)\n"
        "heavy = {'numpy', 'onnxruntime', 'pedalboard', 'torch', 'lightning'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr

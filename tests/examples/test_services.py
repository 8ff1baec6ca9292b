"""The files that keep the bridge running start it as it can be started."""

from __future__ import annotations

import configparser
import plistlib
import shlex
from pathlib import Path

import click
import pytest

from bridge.cli.bridge import bridge

EXAMPLES = Path(__file__).parents[2] / "examples"


def systemd() -> list[str]:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(EXAMPLES / "umtn-bridge.service")
    return shlex.split(unit["Service"]["ExecStart"])


def launchd() -> list[str]:
    return plistlib.loads((EXAMPLES / "org.umtn.bridge.plist").read_bytes())["ProgramArguments"]


@pytest.mark.parametrize("arguments", [systemd(), launchd()], ids=["systemd", "launchd"])
def test_its_command_is_understood(arguments: list[str], tmp_path: Path) -> None:
    command, subcommand, *options = arguments
    assert (Path(command).name, subcommand) == ("umtn", "bridge")
    # Its folders are somebody else's.
    here = [str(tmp_path) if part.endswith("Music") else part for part in options]
    with click.Context(bridge) as context:
        bridge.parse_args(context, here)
        assert context.params["allowed"] == (tmp_path,)

"""The files that keep the bridge running start it as it can be started."""

from __future__ import annotations

import configparser
import os
import plistlib
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from bridge.cli.bridge import bridge

EXAMPLES = Path(__file__).parents[2] / "examples"


def service() -> configparser.SectionProxy:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(EXAMPLES / "umtn-bridge.service")
    return unit["Service"]


def systemd() -> list[str]:
    return shlex.split(service()["ExecStart"])


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


def test_systemd_lets_the_bridge_save_and_lets_workers_go() -> None:
    """Its defaults end all of a service at once, also for a worker that memory ran out for."""
    assert service()["KillMode"] == "mixed"
    assert service()["OOMPolicy"] == "continue"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_understands_it(tmp_path: Path) -> None:
    text = (EXAMPLES / "umtn-bridge.service").read_text()
    unit = tmp_path / "umtn-bridge.service"
    # The command has to be there, wherever this is.
    unit.write_text(text.replace("%h/.local/bin/umtn", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(unit)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    said = [line for line in done.stderr.splitlines() if "umtn-bridge" in line]
    assert not said, done.stderr

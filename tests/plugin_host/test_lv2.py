"""The LV2: found, described, and run by a host that is not JUCE's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PARAMETERS = (
    "capture",
    "target",
    "mix",
    "audition",
    "temperature",
    "seed",
    "render",
    "channels",
    "dynamics",
    "transpose",
)
URI = "https://umtn.invalid/plugin"


@pytest.fixture
def environment(lv2: Path, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "LV2_PATH": str(lv2.parent),
        "HOME": str(tmp_path),
        "JACK_NO_AUDIO_RESERVATION": "1",
        "JACK_DEFAULT_SERVER": f"umtn-test-{os.getpid()}",
    }


def needs(*commands: str) -> pytest.MarkDecorator:
    missing = [command for command in commands if shutil.which(command) is None]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


@needs("lv2ls", "lv2info")
def test_it_is_found_and_describes_itself(environment: dict[str, str], lv2: Path) -> None:
    def output(*command: str) -> str:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and "error" not in done.stderr.lower(), done.stderr
        return done.stdout

    assert output("lv2ls").split() == [URI]
    described = output("lv2info", URI)
    for words in ("Name:              umtn", "Has latency", "lv2core#enabled"):
        assert words in described
    turtle = (lv2 / "dsp.ttl").read_text()
    for parameter in PARAMETERS:
        assert f"plug:{parameter}\n" in turtle


@pytest.fixture
def jack(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    server = subprocess.Popen(
        ["jackd", "-n", environment["JACK_DEFAULT_SERVER"], "-r", "-d", "dummy", "-r", "48000"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(1.5)
    try:
        yield server
    finally:
        server.terminate()
        server.wait(20)


@needs("jackd", "jalv")
def test_it_runs_in_jalv(environment: dict[str, str], jack: subprocess.Popen[bytes]) -> None:
    host = subprocess.Popen(
        ["jalv", "-p", URI], env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    time.sleep(4)
    assert host.poll() is None, host.communicate()[0]
    host.send_signal(signal.SIGINT)
    output, _ = host.communicate(timeout=30)
    assert host.returncode == 0, output
    assert f"Plugin:       {URI}" in output, output

"""The LV2: found, described, restored and run by hosts that are not JUCE's."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin_host.conftest import ROOT

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
HOST = "tests.plugin_host.hosts.lv2_host"
# Least, most, step. Bypass is the port `enabled`, which the host keeps.
RANGES = {
    "capture": (0, 1, 1),
    "target": (1, 64, 1),
    "mix": (0, 1, 0.001),
    "audition": (0, 1, 1),
    "temperature": (0, 1.5, 0.01),
    "seed": (0, 9999, 1),
    "render": (0, 1, 1),
    "channels": (0, 3, 1),
    "dynamics": (0, 1, 0.001),
    "transpose": (-36, 37, 1),
}


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


@pytest.mark.parametrize("seed", range(3))
def test_a_state_brings_back_every_parameter_within_a_block(
    environment: dict[str, str], lv2: Path, tmp_path: Path, seed: int
) -> None:
    words = json.dumps({"plugin": str(lv2), "seed": seed, "parameters": RANGES})
    done = subprocess.run(
        [sys.executable, "-m", HOST, words],
        cwd=tmp_path, text=True, capture_output=True, timeout=60,
        env={**environment, "XDG_RUNTIME_DIR": str(tmp_path), "XDG_DATA_HOME": str(tmp_path),
             "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["set"].keys() == RANGES.keys()
    for name, value in seen["set"].items():
        for who in ("same", "fresh"):
            assert seen[who].get(name) == pytest.approx(value, abs=1e-4), (who, name)
    assert seen["saved"] == [True, True]


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

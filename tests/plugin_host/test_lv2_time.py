"""What the LV2 records in hosts that say the time when it changes, or roughly."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.plugin_host.conftest import ROOT
from tests.plugin_host.test_ardour import time_reference
from umtn_core.audio import read_audio

RATE = 48_000
FRAMES = 256
HOSTS = Path(__file__).parent / "hosts"
URI = "https://umtn.invalid/plugin"


@pytest.fixture
def environment(lv2: Path, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "LV2_PATH": str(lv2.parent),
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "UMTN_BRIDGE_FILE": str(tmp_path / "none.json"),
        "JACK_NO_AUDIO_RESERVATION": "1",
        "JACK_DEFAULT_SERVER": f"umtn-time-{os.getpid()}",
    }


def run_host(lv2: Path, environment: dict[str, str], **words: Any) -> dict[str, str]:
    """Run the host by hand; the state that it saved."""
    told = json.dumps({"plugin": str(lv2), "frames": FRAMES, **words})
    done = subprocess.run(
        [sys.executable, "-m", "tests.plugin_host.hosts.lv2_rolling_host", told],
        env={**environment, "PYTHONPATH": str(ROOT)}, text=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    state: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return state


def roll(lv2: Path, environment: dict[str, str], **words: Any) -> list[Path]:
    """Run the host by hand; what was recorded, as files, the oldest first."""
    run_host(lv2, environment, **words)
    return recorded(environment)


def recorded(environment: dict[str, str]) -> list[Path]:
    return sorted(Path(environment["XDG_DATA_HOME"]).rglob("recorded*.wav"))


def sound(wav: Path) -> NDArray[np.float32]:
    """Return the number of each sample that the host by hand has played."""
    samples, rate = read_audio(wav)
    assert rate == RATE
    return np.asarray(samples[0] * 2**20)


def test_time_that_is_told_once_counts_on(environment: dict[str, str], lv2: Path) -> None:
    (wav,) = roll(lv2, environment, blocks=[[48_000, 0, 10], [48_000, 1, 563], [192_128, 0, 40]])
    assert time_reference(wav) == 48_000
    np.testing.assert_array_equal(sound(wav), np.arange(563 * FRAMES, dtype=np.float32))


def test_a_seek_goes_where_it_is_told_and_a_stop_ends_it(
    environment: dict[str, str], lv2: Path
) -> None:
    blocks = [[0, 1, 100], [480_000, 1, 100], [505_600, 0, 100], [None, 0, 100], [960_000, 1, 100]]
    (wav,) = roll(lv2, environment, blocks=blocks)
    np.testing.assert_array_equal(sound(wav), np.arange(300 * FRAMES, dtype=np.float32))


def test_jitter_makes_one_file(environment: dict[str, str], lv2: Path) -> None:
    (wav,) = roll(lv2, environment, blocks=[[9_600, 1, 1875]], every=True, jitter=1, faster=8)
    np.testing.assert_array_equal(sound(wav), np.arange(1875 * FRAMES, dtype=np.float32))


@pytest.mark.parametrize("every", [False, True])
def test_sixty_rounds_of_a_loop_make_two_files_at_most(
    environment: dict[str, str], lv2: Path, every: bool
) -> None:
    wavs = roll(lv2, environment, blocks=[[96_000, 1, 187]] * 60, every=every, faster=16)
    assert 1 <= len(wavs) <= 2
    assert sum(len(sound(wav)) for wav in wavs) == 60 * 187 * FRAMES


def test_a_pre_roll_that_stands_still_leaves_no_junk(
    environment: dict[str, str], lv2: Path
) -> None:
    blocks = [[0, 1, 1]] * 400 + [[256, 1, 200]]
    (wav,) = roll(lv2, environment, blocks=blocks, every=True, faster=8)
    heard = sound(wav)
    assert heard[0] == 399 * FRAMES
    assert len(heard) == 201 * FRAMES


@pytest.fixture
def jack(environment: dict[str, str]) -> Iterator[None]:
    server = subprocess.Popen(
        ["jackd", "-n", environment["JACK_DEFAULT_SERVER"], "-r", "-d", "dummy", "-r", str(RATE)],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(1.5)
    try:
        yield
    finally:
        server.terminate()
        server.wait(20)


@pytest.mark.skipif(
    shutil.which("jackd") is None or shutil.which("jalv") is None, reason="needs jackd, jalv"
)
@pytest.mark.usefixtures("jack")
def test_jalv_records_while_jack_rolls(
    environment: dict[str, str], lv2: Path, tmp_path: Path
) -> None:
    # jalv sets no patch properties by itself; a state with capture on does.
    state = run_host(lv2, environment, blocks=[])
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.ttl").write_text(
        "<> a <http://lv2plug.in/ns/ext/presets#Preset> ;\n"
        f"<http://lv2plug.in/ns/lv2core#appliesTo> <{URI}> ;\n"
        "<http://lv2plug.in/ns/ext/state#state> [ "
        + " ; ".join(f'<{key}> "{value}"' for key, value in state.items())
        + " ] .\n"
    )
    host = subprocess.Popen(
        ["jalv", "-l", tmp_path / "state", URI], env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        time.sleep(3)
        words = json.dumps({"from": 96_000, "seconds": 3.0})
        subprocess.run(
            [sys.executable, HOSTS / "jack_roll.py", words],
            env=environment, check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        time.sleep(1.5)
        (wav,) = recorded(environment)
        assert time_reference(wav) == pytest.approx(96_000, abs=2048)
        assert len(sound(wav)) == pytest.approx(3 * RATE, abs=RATE // 2)
    finally:
        host.terminate()
        output, _ = host.communicate(timeout=30)
        print(output)

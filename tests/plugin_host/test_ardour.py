"""A real DAW, without its window: record by rolling, render, bounce, export; and open again."""

from __future__ import annotations

import re
import shutil
import signal
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from umtn_core.audio import read_audio
from umtn_core.errors import UmtnError
from umtn_core.evaluation.material.real_recordings import real_recording

pytestmark = pytest.mark.skipif(
    shutil.which("ardour7-lua") is None, reason="needs ardour (apt install ardour)"
)

RATE = 48_000
PLACE = 60_123
HOSTS = Path(__file__).parent / "hosts"
FADE = int(0.003 * RATE) + 2


#: The class of the plugin, as hosts write it: JUCE makes it from our codes.
VST3_ID = "ABCDEF019182FAEB" + b"Umtn".hex().upper() + b"Umt1".hex().upper()


def time_reference(wav: Path) -> int:
    """Where a broadcast WAV says it lies on the timeline, in samples."""
    data = wav.read_bytes()
    start = data.index(b"bext") + 8
    low, high = struct.unpack_from("<II", data, start + 338)
    return int(low + (high << 32))


class Ardour:
    def __init__(self, folder: Path, bridge: Any, plugin: Path, recording: NDArray[np.float32]):
        self.folder = folder
        for channel, samples in enumerate(recording):
            samples.astype("<f4").tofile(folder / f"pcm{channel}")
        (folder / "home").mkdir()
        self.environment = {
            **bridge.environment,
            "HOME": str(folder / "home"),
            "VST3_PATH": str(plugin.parent),
            "LV2_PATH": str(plugin.parent),
            "TEST_FORMAT": plugin.suffix[1:],
            "TEST_URI": "https://umtn.invalid/plugin",
            "TEST_SESSION": str(folder / "session"),
            "TEST_EXPORT": str(folder),
            "TEST_PCM": str(folder / "pcm"),
            "TEST_PLACE": str(PLACE),
            "TEST_LENGTH": str(recording.shape[1]),
            "TEST_DONE": str(folder / "done"),
            "TEST_VST3_ID": VST3_ID,
        }
        if plugin.suffix == ".lv2":
            return
        # The headless program knows what has been scanned, and does not scan by itself.
        subprocess.run(
            ["/usr/lib/ardour7/ardour-vst3-scanner", "-f", plugin],
            env={**self.environment, "LD_LIBRARY_PATH": "/usr/lib/ardour7"},
            check=True, capture_output=True,
        )  # fmt: skip

    def start(self, script: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["ardour7-lua", HOSTS / script],
            env=self.environment, cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip


def finished_take(bridge: Any, timeout: float = 90) -> Path:
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        for wav in bridge.session.rglob("*clarinet*.wav"):
            return Path(wav)
        time.sleep(0.1)
    raise AssertionError("no take was rendered: " + bridge.stderr)


def exported(ardour: Ardour) -> NDArray[np.float32]:
    """The session, opened once more and exported.

    Ardour 7.3 frees what an export worked with while its audio thread is still using it: one export
    in fifteen aborts at its end, of an empty session without any plugin too. Such an end is tried
    again; any other is a failure.
    """
    wav = ardour.folder / "exported.wav"
    for _ in range(5):
        daw = ardour.start("ardour_again.lua")
        output = daw.communicate(timeout=120)[0]
        if "FINISHED" in output:
            return read_audio(wav)[0]
        assert daw.returncode in (-signal.SIGABRT, -signal.SIGSEGV), output
        assert wav.exists(), output  # it came as far as the export
        wav.unlink()
    raise AssertionError(output)


def clarinet() -> NDArray[np.float32]:
    """Three seconds of a real player, as stereo at 48 kHz."""
    import soxr

    try:
        recording = real_recording("clarinet")
    except UmtnError as error:
        pytest.skip(str(error))
    samples = soxr.resample(recording.samples, recording.sample_rate, RATE)[RATE : 4 * RATE]
    return np.stack([samples, 0.5 * samples]).astype(np.float32)


@pytest.mark.parametrize("form", ["vst3", "lv2"])
def test_a_session_holds_the_translation_at_its_place(
    bridge: Any, form: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    plugin: Path = request.getfixturevalue(form)
    recording = clarinet()
    ardour = Ardour(tmp_path, bridge, plugin, recording)
    daw = ardour.start("ardour_capture.lua")
    try:
        take = finished_take(bridge)
        (tmp_path / "done").touch()
        output = daw.communicate(timeout=120)[0]
    finally:
        daw.kill()
    assert "FINISHED" in output, output

    # What was captured while it rolled is the recording, at its place; Ardour fades regions in and
    # out over 64 samples.
    (captured,) = bridge.session.rglob("take*source.wav")
    start = time_reference(captured)
    heard, _ = read_audio(captured)
    offset = PLACE - start
    assert offset > 0
    length = recording.shape[1]
    np.testing.assert_array_equal(
        heard[:, offset + 64 : offset + length - 64], recording[:, 64:-64]
    )
    assert not heard[:, :offset].any() and not heard[:, offset + length :].any()

    # The bounce through the plugin is the translation, sample for sample.
    translation, _ = read_audio(take)
    sides = re.findall(r"^WET (.*)$", output, re.MULTILINE)
    bounced = np.concatenate([read_audio(side)[0] for side in sides])
    end = min(start + translation.shape[1], bounced.shape[1]) - FADE
    expected = translation[:, FADE : end - start]
    assert np.abs(expected).max() > 0.01
    np.testing.assert_array_equal(bounced[:, start + FADE : end], expected)

    # Opened again with nobody to ask, it sounds the same; an exported file has 16 bits and dither.
    bridge.stop()
    again = exported(ardour)
    np.testing.assert_allclose(again[:, start + FADE : end], expected, atol=3 / 32768)


def test_a_capture_outlives_the_daw(bridge: Any, vst3: Path, tmp_path: Path) -> None:
    recording = clarinet()
    daw = Ardour(tmp_path, bridge, vst3, recording).start("ardour_capture.lua")
    until = time.monotonic() + 60
    while not any(wav.stat().st_size > RATE * 8 for wav in bridge.session.rglob("recorded*.wav")):
        assert time.monotonic() < until and daw.poll() is None
        time.sleep(0.05)
    time.sleep(1.2)
    daw.kill()
    daw.communicate()

    (wav,) = bridge.session.rglob("recorded*.wav")
    heard, rate = read_audio(wav)
    assert rate == RATE
    offset = PLACE - time_reference(wav)
    length = heard.shape[1] - offset
    assert length > RATE
    np.testing.assert_array_equal(heard[:, offset + 64 :], recording[:, 64:length])

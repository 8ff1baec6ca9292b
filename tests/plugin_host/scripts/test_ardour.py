"""The Ardour scripts in the real Ardour: what they write, and the whole way under Xvfb."""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pythonosc.osc_message_builder import OscMessageBuilder

from tests.bridge.conftest import RealBridge
from umtn_core.audio import read_audio
from umtn_core.audio.resample import resample
from umtn_core.errors import UmtnError
from umtn_core.evaluation.material.real_recordings import real_recording

ROOT = Path(__file__).parents[3]
SCRIPTS = ROOT / "plugin_host" / "scripts" / "ardour"
HERE = Path(__file__).parent
RATE = 48_000
PLACE = 50_000
#: Ardour's smallest unit of time, in a sample of 48 kHz.
TICKS = 282_240_000 // RATE
#: Where Ardour's surface for OSC listens.
OSC = ("127.0.0.1", 3819)
#: Of Ardour's 49 signals to scripts, the one that comes every second; the first is rightmost.
EVERY_SECOND = f"{1 << 46:049b}"

pytestmark = pytest.mark.skipif(
    shutil.which("ardour7-lua") is None, reason="needs ardour (apt install ardour)"
)


def run_lua(script: str, folder: Path, recording: NDArray[np.float32]) -> str:
    """Run a script without the window; its session is ``folder/session/test``."""
    for channel, samples in enumerate(recording):
        samples.astype("<f4").tofile(folder / f"pcm{channel}")
    (folder / "session").mkdir()
    (folder / "home" / ".config" / "ardour7").mkdir(parents=True)
    done = subprocess.run(
        ["ardour7-lua", HERE / script],
        env={
            **os.environ,
            "HOME": str(folder / "home"),
            "XDG_CONFIG_HOME": str(folder / "home" / ".config"),
            "TEST_SESSION": str(folder / "session" / "test"),
            "TEST_SCRIPTS": str(SCRIPTS),
            "TEST_PCM": str(folder / "pcm"),
            "TEST_LENGTH": str(recording.shape[1]),
            "TEST_PLACE": str(PLACE),
            "TEST_OUT": str(folder),
        },
        cwd=folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_region_is_written_as_ardour_itself_would_bounce_it(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2, RATE)).astype(np.float32)
    told = run_lua("ardour_dry.lua", tmp_path, noise)
    written = {
        name: read_audio(tmp_path / f"{name}.wav")[0]
        for name in ("dry", "bounced", "wet", "overlapped", "muted", "back")
    }
    dry = written["dry"]
    assert dry.shape == (2, RATE)
    assert np.array_equal(dry, written["bounced"])
    # Half as loud in the middle, where the envelope is about 1, and silent where the fade begins.
    assert np.allclose(dry[:, 10_000:10_100], 0.5 * noise[:, 10_000:10_100], atol=0.01)
    assert np.abs(dry[:, :3]).max() < 0.01
    # The track's fader was at a half.
    assert np.allclose(written["wet"], 0.5 * dry, atol=1e-6)
    # Whatever lies over it, and whether it is heard or not: the same.
    assert np.array_equal(dry, written["overlapped"])
    assert np.array_equal(dry, written["muted"])
    # And nothing is left as it was not before.
    assert re.findall(r"REGION\s+(\d+)\s+(\w+)", told) == [("10007", "true"), ("30007", "false")]
    # What came back has no fades but those that are in its sound already.
    assert re.findall(r"FADES\s+(\w+)\s+(\w+)", told) == [("true", "true"), ("false", "false")]
    assert np.array_equal(written["back"], noise)


class Gui:
    """Ardour with its window on a screen of its own, spoken to over OSC and with a mouse."""

    def __init__(self, folder: Path, display: str, bridge: RealBridge):
        home = folder / "home"
        self.config = home / ".config" / "ardour7"
        self.session = folder / "session" / "test"
        self.log = folder / "ardour.log"
        self.environment = {
            **bridge.environment,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "DISPLAY": display,
            "ARDOUR_TRY_AUTOSTART_ENGINE": "1",
        }

    def install(self, folder: Path, umtn: str) -> None:
        """Do as a user does by the script manager, and answer what the first start asks."""
        shutil.copytree(SCRIPTS, self.config / "scripts")
        (self.config / "scripts" / "umtn-command").write_text(umtn + "\n")
        stored = {
            name: base64.b64encode((folder / name).read_bytes()).decode()
            for name in ("actions", "hook")
        }
        (self.config / "ui_scripts").write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n<UIScripts>'
            f'<ActionScript lua="Lua 5.3">{stored["actions"]}</ActionScript>'
            f'<ActionHooks><LuaCallback lua="Lua 5.3" id="1000001" name="umtn" '
            f'signals="{EVERY_SECOND}">{stored["hook"]}</LuaCallback></ActionHooks></UIScripts>'
        )
        (self.config / ".a7").touch()
        (self.config / "config").write_text((HERE / "ardour_config.xml").read_text())
        document = self.session / "test.ardour"
        surface = 'name="Open Sound Control (OSC)" active='
        document.write_text(document.read_text().replace(f'{surface}"0"', f'{surface}"1"'))

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["ardour", "--no-splash", "--no-announcements", self.session],
                env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.window("test - Ardour", 90)
        # The surface for OSC comes up a little later than the window.
        self.save()

    def save(self) -> None:
        document = self.session / "test.ardour"
        before = document.stat().st_mtime_ns

        def saved() -> bool:
            self.say("/save_state")
            time.sleep(0.5)
            return document.stat().st_mtime_ns != before

        self.until(saved, 60)

    def say(self, address: str, *words: str) -> None:
        message = OscMessageBuilder(address)
        for word in words:
            message.add_arg(word)
        self.socket.sendto(message.build().dgram, OSC)

    def action(self, name: str) -> None:
        self.say("/access_action", name)

    def until(self, true: Callable[[], object], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < end, self.log.read_text()[-3000:]
            time.sleep(0.2)

    def mouse(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=self.environment, capture_output=True, text=True, timeout=30
        )
        return done.stdout

    def window(self, title: str, seconds: float = 30) -> str:
        """Wait for a window, and return its number."""
        found: list[str] = []

        def look() -> bool:
            found[:] = self.mouse("search", "--onlyvisible", "--name", title).split()
            return bool(found)

        self.until(look, seconds)
        return found[-1]

    def press_last_button(self, window: str) -> None:
        """Press the button in a dialog's lower right corner: OK, or Close."""
        time.sleep(1)
        sizes = dict(
            line.split("=") for line in self.mouse("getwindowgeometry", "--shell", window).split()
        )
        x, y = int(sizes["WIDTH"]) - 54, int(sizes["HEIGHT"]) - 30
        self.mouse("mousemove", "--window", window, str(x), str(y), "click", "1")

    def picture(self, path: Path) -> None:
        subprocess.run(
            ["import", "-window", "root", path], env=self.environment, check=True, timeout=60
        )

    def regions(self) -> dict[str, list[tuple[str, int, int, int]]]:
        """Name, place, length and channels of regions by the name of their track, as saved."""
        self.save()
        time.sleep(1)
        root = ET.parse(self.session / "test.ardour").getroot()
        playlists = {one.get("id"): one for one in root.iterfind("Playlists/Playlist")}
        found = {}
        for route in root.iterfind("Routes/Route"):
            playlist = playlists.get(route.get("audio-playlist"))
            if playlist is not None:
                found[route.get("name") or ""] = [
                    (region.get("name") or "", *_extent(region), int(region.get("channels") or 0))
                    for region in playlist.iterfind("Region")
                ]
        return found

    def stop(self) -> None:
        self.socket.close()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


def _extent(region: ET.Element) -> tuple[int, int]:
    length, place = re.findall(r"a(\d+)", region.get("length") or "")
    return int(place) // TICKS, int(length) // TICKS


@pytest.fixture
def shipped_bridge(tmp_path: Path) -> Iterator[RealBridge]:
    """A bridge with the shipped model."""
    bridge = RealBridge(tmp_path / "bridge", ROOT / "models")
    bridge.start()
    try:
        yield bridge
    finally:
        bridge.stop()


@pytest.fixture
def gui(tmp_path: Path, display: str, shipped_bridge: RealBridge) -> Iterator[Gui]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind(OSC)
        except OSError:
            pytest.skip(f"port {OSC[1]} is taken: another Ardour listens there")
    try:
        recording = real_recording("flute")
    except UmtnError as error:
        pytest.skip(f"no recording of a real player: {error}")
    flute = resample(recording.samples[:, None], recording.sample_rate, RATE)[: 2 * RATE, 0]
    run_lua("ardour_make_session.lua", tmp_path, np.stack([flute, 0.7 * flute]))
    gui = Gui(tmp_path, display, shipped_bridge)
    gui.install(tmp_path, f"{Path(sys.executable).parent / 'umtn'}")
    gui.start()
    try:
        yield gui
    finally:
        gui.stop()


def translate_all(gui: Gui, picture: Path, count: int) -> None:
    """Call the action, say yes to its dialog, and wait until the results have come."""
    # Nothing tells when Ardour has begun to listen to this, on a machine with much to do.
    for _ in range(6):
        gui.action("Editor/select-all-objects")
        time.sleep(0.7)
    gui.action("LuaAction/script-1")
    dialog = gui.window("Translate selected regions")
    gui.picture(picture)
    gui.press_last_button(dialog)
    jobs = gui.session / "umtn-translations.txt"
    gui.until(lambda: jobs.exists() and len(jobs.read_text().splitlines()) == count, 30)
    # Each leaves the list when it is here.
    gui.until(lambda: not jobs.read_text(), 120)
    time.sleep(2)


def test_selected_regions_come_back_on_new_tracks_at_their_places(
    gui: Gui, shipped_bridge: RealBridge, tmp_path: Path
) -> None:
    translate_all(gui, tmp_path / "dialog.png", 2)
    time.sleep(1)
    gui.picture(tmp_path / "session.png")

    regions = gui.regions()
    assert set(regions) == {"solo", "duo", "solo clarinet", "duo clarinet"}
    assert regions["solo"] == [("solo", PLACE, 2 * RATE, 1)]
    assert regions["duo"] == [("duo", PLACE + 24_000, 2 * RATE, 2)]
    for name, channels, place in ("solo", 1, PLACE), ("duo", 2, PLACE + 24_000):
        ((result, *extent),) = regions[f"{name} clarinet"]
        assert extent == [place, 2 * RATE, channels]
        (rendered,) = shipped_bridge.session.glob(f"ardour/{name}-clarinet-*.wav")
        audio, rate = read_audio(rendered)
        assert rate == RATE and np.abs(audio).max() > 0.01
        imported = sorted((gui.session / "interchange" / "test" / "audiofiles").glob(result + "*"))
        held = np.concatenate([read_audio(one)[0] for one in imported])
        assert np.array_equal(held, audio)

    # Nothing that was sent is left.
    assert not [*shipped_bridge.session.glob("ardour/*.in.wav")]
    assert not [*shipped_bridge.session.glob("ardour/*.log")]
    # What came together is one step to take back: both, or the second alone.
    gui.say("/undo")
    time.sleep(1)
    undone = gui.regions()
    gone = {name for name, found in undone.items() if not found}
    assert gone and gone <= {"solo clarinet", "duo clarinet"}
    gui.say("/redo")
    time.sleep(1)
    assert gui.regions() == regions

    # Without a bridge: a sentence, and Ardour goes on.
    shipped_bridge.stop()
    gui.action("Editor/select-all-objects")
    time.sleep(1)
    gui.action("LuaAction/script-1")
    message = gui.window("Translate selected regions")
    gui.picture(tmp_path / "no_bridge.png")
    gui.press_last_button(message)
    gui.until(lambda: not gui.mouse("search", "--onlyvisible", "--name", "Translate sel"), 20)
    assert len(gui.regions()) == 4


@pytest.mark.long
def test_what_came_back_can_be_sent_again(gui: Gui, tmp_path: Path) -> None:
    translate_all(gui, tmp_path / "dialog.png", 2)
    regions = gui.regions()
    # Nothing is in the way of the new names.
    translate_all(gui, tmp_path / "dialog_again.png", 4)
    again = gui.regions()
    assert len(again) == 8
    assert {name: again[name] for name in regions} == regions
    new = [region[1:] for name in again.keys() - regions.keys() for region in again[name]]
    assert sorted(new) == sorted(region[1:] for name in regions for region in regions[name])

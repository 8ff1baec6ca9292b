"""No process of ours sends anything to a network, or keeps anything in the home, unasked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Runs commands in a network of their own, and prints each packet that leaves by its one way out.
#: A way out is needed, and a resolver: where there is none, nobody tries.
WATCH = r"""
import json, os, re, socket, subprocess, sys, time
def run(*command):
    subprocess.run(command, check=True)
run("ip", "link", "set", "lo", "up")
run("ip", "link", "add", "out", "type", "veth", "peer", "name", "beyond")
run("ip", "link", "set", "beyond", "up")
run("ip", "address", "add", "192.0.2.2/24", "dev", "out")
run("ip", "link", "set", "out", "up")
run("ip", "route", "add", "default", "via", "192.0.2.1")
# The gateway is known, so that packets and not only questions for it leave.
run("ip", "neighbour", "add", "192.0.2.1", "lladdr", "02:00:00:00:00:01", "dev", "out")
with open(sys.argv[1], "w") as resolvers:
    resolvers.write("nameserver 192.0.2.1\n")
run("mount", "--bind", sys.argv[1], "/etc/resolv.conf")
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
tap.bind(("out", 0))
tap.setblocking(False)
def seen():
    packets = []
    while True:
        try:
            frame, (_, _, direction, *_) = tap.recvfrom(65536)
        except BlockingIOError:
            return packets
        kind = int.from_bytes(frame[12:14], "big")
        if direction != socket.PACKET_OUTGOING:
            continue
        # The interface's own: that it is there, which Linux tells by IPv6 when it comes up.
        if kind == 0x86DD and frame[20] in (0, 58) and b"\xff\x02" == frame[38:40]:
            continue
        packets.append(frame[14:].hex())
time.sleep(0.2)
seen()
results = []
for command in json.loads(sys.stdin.read()):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    time.sleep(0.3)
    results.append([done.returncode, done.stdout, done.stderr, seen()])
print(json.dumps(results))
"""

#: What collects telemetry does so in the background: it is given time.
IMPORTED = "import time; {}; time.sleep({})"

_SECONDS = 2.0
#: What it takes ONNX Runtime 1.31 to look its makers' host up.
_TELEMETRY_SECONDS = 12.0


class Alone:
    """A network of its own for commands, and a home of its own."""

    def __init__(self, folder: Path, models: Path):
        self._folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.environment = {
            **os.environ, "HOME": str(self.home), "UMTN_MODELS": str(models),
            "UMTN_BRIDGE_FILE": str(folder / "bridge.json"), "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        for name in ("ORT_DISABLE_TELEMETRY", "XDG_DATA_HOME", "XDG_CACHE_HOME", "UMTN_THROUGHPUT"):
            self.environment.pop(name, None)

    def run(self, *commands: list[object]) -> list[tuple[int, str, str, list[str]]]:
        """Return of each its exit code, what it printed, and the packets that it sent."""
        asked = json.dumps([list(map(str, command)) for command in commands])
        done = subprocess.run(
            ["unshare", "-n", "-m", sys.executable, "-c", WATCH, self._folder / "resolvers"],
            input=asked, env=self.environment, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        if done.returncode:
            pytest.skip(f"no network of one's own may be had here: {done.stderr.strip()[-200:]}")
        return [tuple(result) for result in json.loads(done.stdout)]

    def kept(self) -> set[str]:
        """What lies in the home but what umtn says that it keeps there."""
        files = {
            str(path.relative_to(self.home)) for path in self.home.rglob("*") if path.is_file()
        }
        return {file for file in files if "umtn" not in Path(file).parts}


@pytest.fixture
def alone(tmp_path: Path, tiny_models: Path) -> Alone:
    if not all(map(shutil.which, ("unshare", "ip"))):
        pytest.skip("unshare and ip are needed")
    return Alone(tmp_path, tiny_models)


def umtn(*arguments: object) -> list[object]:
    return [sys.executable, "-m", "bridge.cli", *arguments]


def python(code: str) -> list[object]:
    return [sys.executable, "-c", code]


#: A bridge that is announced, as it is by default, and renders a job.
RENDERING = """
import json, os, pathlib, subprocess, sys, time
from bridge.client import Bridge
place = pathlib.Path(os.environ["UMTN_BRIDGE_FILE"])
bridge = subprocess.Popen([sys.executable, "-m", "bridge.cli", "bridge", "--port", "0",
    "--http-port", "0", "--session-folder", sys.argv[1], *sys.argv[2:]])
try:
    until = time.monotonic() + 60
    while not place.exists():
        assert bridge.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    done = subprocess.run([sys.executable, "-m", "bridge.cli", "send", sys.argv[1] + "/in.wav",
        "--to", "flute", "--model", "tiny"])
    # An announcement takes a second.
    time.sleep(2.5)
finally:
    bridge.terminate()
    bridge.wait(60)
sys.exit(done.returncode)
"""


def test_packets_that_leave_are_noticed(alone: Alone) -> None:
    asking = (
        "import socket\ntry: socket.create_connection(('example.com', 80), 1)\nexcept OSError: 0"
    )
    telling = "import socket; socket.socket(type=2).sendto(b'here I am', ('198.51.100.1', 9))"
    naming, sending, nothing = alone.run(
        ["timeout", "2", *python(asking)], python(telling), python("pass")
    )
    assert any(b"example".hex() in packet for packet in naming[3])
    assert any(b"here I am".hex() in packet for packet in sending[3])
    assert nothing[3] == []


def test_no_process_of_ours_sends_anything_or_keeps_anything(
    alone: Alone, recording: Callable[..., Path], tmp_path: Path
) -> None:
    source = recording("in.wav")
    session = recording("session/in.wav").parent
    translating = f"import umtn_core; umtn_core.Translator({str(tmp_path / 'tiny')!r}, 'flute')"
    os.symlink(Path(alone.environment["UMTN_MODELS"]) / "tiny", tmp_path / "tiny")
    commands = [
        python(IMPORTED.format(translating, _SECONDS)),
        umtn("translate", source, "--to", "flute", "--model", "tiny"),
        umtn("edit", recording("edited.wav"), "--to", "flute", "--model", "tiny"),
        umtn("models"),
        umtn("doctor"),
        [*python(RENDERING), session],
    ]
    for command, (code, _, errors, packets) in zip(commands, alone.run(*commands), strict=True):
        assert code == 0 or "doctor" in command, errors
        assert packets == [], command
    assert alone.kept() == set()


@pytest.mark.long
def test_without_a_home_it_is_the_same(
    alone: Alone, recording: Callable[..., Path], tmp_path: Path
) -> None:
    source, session = recording("in.wav"), recording("session/in.wav").parent
    nowhere = tmp_path / "file"
    nowhere.write_text("")
    alone.environment["HOME"] = str(nowhere / "home")
    store = ("--data-folder", tmp_path / "store")
    commands = [
        umtn("translate", source, "--to", "flute", "--model", "tiny"),
        umtn("models"),
        [*python(RENDERING), session, *store],
    ]
    for command, (code, _, errors, packets) in zip(commands, alone.run(*commands), strict=True):
        assert (code, packets) == (0, []), (command, errors)
        assert "elemetry" not in errors


@pytest.mark.long
def test_what_onnx_runtime_would_do_by_itself_it_does_not(alone: Alone, tiny_bundle: Path) -> None:
    graph = str(min(tiny_bundle.glob("*.onnx")))
    opened = f"import onnxruntime; session = onnxruntime.InferenceSession({graph!r})"
    ((code, _, errors, packets),) = alone.run(
        python(IMPORTED.format(f"import umtn_core; {opened}", _TELEMETRY_SECONDS))
    )
    assert (code, packets) == (0, []), errors
    assert alone.kept() == set()
    ((_, _, _, packets),) = alone.run(python(IMPORTED.format(opened, _TELEMETRY_SECONDS)))
    if not packets:
        pytest.skip("this version of ONNX Runtime sends nothing by itself")
    assert alone.kept() != set()

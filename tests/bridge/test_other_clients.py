"""Programs that others have written speak to a real bridge."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from umtn_core.audio import read_audio

MakeRecording = Callable[..., Path]

needs_liblo = pytest.mark.skipif(
    shutil.which("oscsend") is None or shutil.which("oscdump") is None,
    reason="needs oscsend and oscdump (Debian: liblo-tools)",
)
needs_pd = pytest.mark.skipif(
    shutil.which("pd") is None, reason="needs Pure Data (Debian: puredata-core)"
)

needs_sclang = pytest.mark.skipif(
    shutil.which("sclang") is None, reason="needs SuperCollider (Debian: supercollider-language)"
)

#: What a SuperCollider user sends, over UDP and TCP: the token first, its strings and numbers, and
#: what else it has.
SCRIPT = """\
OSCFunc.trace(true, true);
n = NetAddr("localhost", {port});
n.sendMsg('/umtn/token', "{token}");
n.sendMsg('/umtn/ping');
n.sendMsg('/umtn/status', 'with-a-char', $c);
n.sendMsg('/umtn/status', 'with-an-array', [1, 2]);
m = NetAddr("localhost", {port});
m.tryConnectTCP({{
    m.sendMsg('/umtn/token', "{token}");
    m.sendMsg('/umtn/render', 'from-sc', "{source}", 'flute', "", 'model', 'tiny');
}});
AppClock.sched(20, {{ 0.exit }});
"""

#: A patch that shows the token, pings and asks for a render, as a musician would patch it;
#: everything that comes back is printed. Pd can send no number but a float.
PATCH = """\
#N canvas 0 0 700 400 12;
#X obj 20 20 loadbang;
#X msg 20 60 connect 127.0.0.1 {port};
#X obj 20 300 netsend -u -b;
#X obj 20 330 oscparse;
#X obj 20 360 print answer;
#X obj 220 60 delay 200;
#X msg 220 90 list;
#X obj 220 120 oscformat umtn ping;
#X obj 420 60 delay 600;
#X msg 420 90 list from-pd {source} flute {output} model tiny seed 7 mix 1 length 16000 unit samples;
#X obj 420 120 oscformat umtn render;
#X obj 220 240 list prepend send;
#X obj 220 270 list trim;
#X obj 620 60 delay 100;
#X msg 620 90 list {token};
#X obj 620 120 oscformat umtn token;
#X connect 0 0 1 0;
#X connect 0 0 5 0;
#X connect 0 0 8 0;
#X connect 1 0 2 0;
#X connect 2 1 3 0;
#X connect 3 0 4 0;
#X connect 5 0 6 0;
#X connect 6 0 7 0;
#X connect 7 0 11 0;
#X connect 8 0 9 0;
#X connect 9 0 10 0;
#X connect 10 0 11 0;
#X connect 11 0 12 0;
#X connect 12 0 2 0;
#X connect 0 0 13 0;
#X connect 13 0 14 0;
#X connect 14 0 15 0;
#X connect 15 0 11 0;
"""  # noqa: E501


class Heard:
    """Lines that a program prints."""

    def __init__(self, stream: Any):
        self.lines: list[str] = []
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: Any) -> None:
        for line in stream:
            self.lines.append(line.rstrip("\n"))

    def wait_for(self, pattern: str, seconds: float = 60) -> str:
        """Wait for a line."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in list(self.lines):
                if re.search(pattern, line):
                    return line
            time.sleep(0.02)
        raise AssertionError(f"no {pattern} in {self.lines}")

    def count(self, pattern: str) -> int:
        """How many lines there were."""
        return sum(bool(re.search(pattern, line)) for line in self.lines)


@contextmanager
def heard(*command: str, **environment: str) -> Iterator[Heard]:
    """Run a program and listen to what it prints."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
        env={**os.environ, **environment},
    )
    try:
        yield Heard(process.stdout)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(params=["real_bridge", "open_bridge"])
def any_bridge(request: pytest.FixtureRequest) -> Any:
    """One that has a token, and one that has none."""
    return request.getfixturevalue(request.param)


def token_of(bridge: Any) -> str:
    """Return its token; where there is none, what people send does no harm."""
    return bridge.token or "no-such-token"


@needs_liblo
def test_oscsend_and_oscdump(open_bridge: Any, recording: MakeRecording, unused_port: int) -> None:
    source = recording("bridge/sessions/tone.wav", seconds=3.0)
    output = open_bridge.session / "from-oscsend.wav"

    def send(*arguments: object) -> None:
        subprocess.run(
            ["oscsend", "127.0.0.1", str(open_bridge.port), *map(str, arguments)], check=True
        )

    with heard("oscdump", "-L", str(unused_port)) as answers:
        until = time.monotonic() + 30
        while not answers.count("/umtn/pong") and time.monotonic() < until:
            send("/umtn/ping", "i", unused_port)
            time.sleep(0.2)
        pong = answers.wait_for("/umtn/pong")
        assert "sis" in pong and str(open_bridge.session) in pong
        send("/umtn/models", "i", unused_port)
        answers.wait_for('/umtn/model .*"tiny" "flute,violin"')
        send(
            "/umtn/render", "sssssssisi", "from-oscsend", source, "flute", output,
            "model", "tiny", "seed", 7, "reply_port", unused_port,
        )  # fmt: skip
        answers.wait_for('/umtn/accepted ssss "from-oscsend" "queued"')
        answers.wait_for('/umtn/progress sffs "from-oscsend" .*"running"')
        answers.wait_for(f'/umtn/done ss "from-oscsend" "{output}"')
        send("/umtn/status", "si", "from-oscsend", unused_port)
        answers.wait_for('/umtn/job ssffssiiss "from-oscsend" "done" 1.0')
    assert read_audio(output)[0].shape == read_audio(source)[0].shape


@needs_liblo
def test_oscsend_over_tcp_and_by_name(open_bridge: Any, recording: MakeRecording) -> None:
    """It puts a length before each packet, and hangs up without waiting for answers."""
    source = recording("bridge/sessions/tone.wav", seconds=0.05)
    for scheme, host in (("tcp", "127.0.0.1"), ("tcp", "localhost"), ("udp", "localhost")):
        output = open_bridge.session / f"{scheme}-{host}.wav"
        subprocess.run(
            [
                "oscsend", f"osc.{scheme}://{host}:{open_bridge.port}/", "/umtn/render",
                "ssssSsSh", output.stem, source, "flute", output, "model", "tiny", "seed", "7",
            ],
            check=True,
        )  # fmt: skip
        until = time.monotonic() + 60
        while not output.exists():
            assert time.monotonic() < until, open_bridge.stderr
            time.sleep(0.05)
        assert read_audio(output)[0].shape == read_audio(source)[0].shape


@needs_liblo
def test_without_a_token_oscsend_is_told_that_there_is_one(
    real_bridge: Any, unused_port: int
) -> None:
    """It sends each message from another port, where the token counts for nothing."""
    send = ["oscsend", "127.0.0.1", str(real_bridge.port)]
    with heard("oscdump", "-L", str(unused_port)) as answers:
        until = time.monotonic() + 30
        while not answers.lines and time.monotonic() < until:
            subprocess.run([*send, "/umtn/token", "s", real_bridge.token], check=True)
            subprocess.run([*send, "/umtn/ping", "i", str(unused_port)], check=True)
            time.sleep(0.2)
        answers.wait_for('/umtn/error sss "" "token"')
    assert not answers.count("/umtn/pong")


@needs_sclang
def test_supercollider(any_bridge: Any, recording: MakeRecording, tmp_path: Path) -> None:
    source = recording("bridge/sessions/tone.wav", seconds=0.5)
    script = tmp_path / "bridge.scd"
    script.write_text(
        SCRIPT.format(port=any_bridge.port, token=token_of(any_bridge), source=source)
    )
    with heard(
        "sclang",
        str(script),
        HOME=str(tmp_path),
        QT_QPA_PLATFORM="offscreen",
        QTWEBENGINE_DISABLE_SANDBOX="1",
    ) as answers:
        answers.wait_for("/umtn/pong, .*, 1, ")
        answers.wait_for(r"/umtn/error, with-a-char, bad_request, .*of type 'c' \(a character\)")
        # Arrays it sends as blobs.
        answers.wait_for(r"/umtn/error, with-an-array, bad_request, .*of type 'b' \(a blob\)")
        answers.wait_for("/umtn/accepted, from-sc, queued")
        answers.wait_for("/umtn/done, from-sc, ")


@needs_pd
def test_pure_data(any_bridge: Any, recording: MakeRecording, tmp_path: Path) -> None:
    source = recording("bridge/sessions/tone.wav", seconds=3.0)
    output = any_bridge.session / "from-pd.wav"
    patch = tmp_path / "bridge.pd"
    values = {"port": any_bridge.port, "token": token_of(any_bridge)}
    patch.write_text(PATCH.format(**values, source=source, output=output))
    with heard("pd", "-nogui", "-noaudio", "-nomidi", "-stderr", str(patch)) as answers:
        answers.wait_for("answer: .*umtn pong .* 1 ")
        answers.wait_for("answer: .*umtn accepted from-pd queued")
        answers.wait_for(r"answer: .*umtn progress from-pd [\d.e-]+ [-\d.]+ running")
        answers.wait_for(f"answer: .*umtn done from-pd {re.escape(str(output))}")
    assert read_audio(output)[0].shape == (1, 16_000)

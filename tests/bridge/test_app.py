from __future__ import annotations

import json
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from bridge.client import Bridge
from tests.bridge.server.test_listening import has_ipv6
from umtn_core.audio import read_audio
from umtn_core.audio.write import write_audio

MakeRecording = Callable[..., Path]

TOKEN = "0123456789abcdef"


def entries(bridge: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in bridge.log.read_text().splitlines()]


def test_a_file_goes_in_and_its_translation_comes_out(
    real_bridge: Any, recording: MakeRecording
) -> None:
    source = recording("bridge/sessions/tone.wav", seconds=0.2)
    sent = real_bridge.umtn("send", source, "--to", "flute", "--model", "tiny", "--seed", 3)
    assert sent.exit_code == 0, sent.stderr
    output = Path(sent.stdout.strip())
    assert output.parent == real_bridge.session
    played, rate = read_audio(output)
    heard, source_rate = read_audio(source)
    assert (played.shape, rate) == (heard.shape, source_rate)

    direct = real_bridge.umtn(
        "translate", source, "--to", "flute", "--model", "tiny", "--seed", 3,
        "-o", real_bridge.folder / "direct.wav",
    )  # fmt: skip
    assert direct.exit_code == 0, direct.stderr
    assert (read_audio(real_bridge.folder / "direct.wav")[0] == played).all()

    states = [entry["state"] for entry in entries(real_bridge) if "state" in entry]
    assert states == ["queued", "running", "done"]
    assert "done, " in real_bridge.stderr


def test_what_surrounds_the_network_is_asked_for_and_what_the_bridge_notes_is_said(
    real_bridge: Any, recording: MakeRecording
) -> None:
    source = recording("bridge/sessions/tone.wav", seconds=0.2)
    options = ("--to", "flute", "--model", "tiny", "--channels", "mono", "--dynamics", 0.5)
    sent = real_bridge.umtn("send", source, *options, "--transpose", -12)
    assert sent.exit_code == 0 and "umtn:" not in sent.stderr, sent.stderr
    direct = real_bridge.umtn(
        "translate", source, *options, "--transpose", -12, "-o", real_bridge.folder / "direct.wav"
    )
    assert direct.exit_code == 0, direct.stderr
    played, _ = read_audio(Path(sent.stdout.strip()))
    assert (read_audio(real_bridge.folder / "direct.wav")[0] == played).all()
    for wrong in ("fifth", 40):
        refused = real_bridge.umtn("send", source, *options, "--transpose", wrong).stderr
        assert "write octave or a whole number from -36 to 36" in refused

    silent = real_bridge.session / "silent.wav"
    write_audio(silent, np.zeros((1, 8_000), np.float32), 16_000)
    said = real_bridge.umtn("send", silent, *options, "--transpose", "octave")
    assert said.exit_code == 0
    assert "umtn: This recording is as good as silent" in said.stderr
    assert Path(said.stdout.strip()).exists()
    job = json.loads(real_bridge.umtn("send", silent, *options, "--json").stdout)
    assert job["note"].startswith("This recording is as good as silent")


def test_the_commands_of_send(real_bridge: Any, recording: MakeRecording) -> None:
    source = recording("bridge/sessions/tone.wav", seconds=0.05)

    def asked(*arguments: object) -> Any:
        return real_bridge.umtn("send", *arguments)

    assert str(real_bridge.session) in asked("ping").stdout
    assert "tiny: flute, violin (CC0-1.0)" in asked("models").stdout
    queued = asked(source, "--to", "flute", "--model", "tiny", "--id", "a", "--no-wait")
    assert queued.stdout == "a\n"
    again = asked(source, "--to", "flute", "--model", "tiny", "--id", "a", "--json")
    job = json.loads(again.stdout)
    assert job["state"] == "done" and Path(job["output"]).exists()
    assert asked("status", "a").stdout.startswith("a: done, ")
    assert asked("cancel", "a").stdout.startswith("a: done, ")
    assert [entry["id"] for entry in json.loads(asked("jobs", "--json").stdout)] == ["a"]

    for arguments, code, words in (
        (("status", "b"), 1, "no job"),
        ((source, "--to", "tuba", "--model", "tiny"), 1, "tuba"),
        (("/etc/hostname", "--to", "flute", "--model", "tiny"), 1, "umtn: "),
        ((source, "--to", "violin", "--model", "tiny", "--id", "a"), 1, "umtn: "),
        ((source,), 2, "--to"),
        ((), 2, "ping"),
        ((source, "--to", "flute", "--segments", "many"), 2, "--segments"),
    ):
        refused = asked(*arguments)
        assert refused.exit_code == code, (arguments, refused)
        assert words in refused.stderr and len(refused.stderr.splitlines()) == 1
        assert refused.stdout == ""


def test_it_is_found_by_address_by_name_and_by_its_file(real_bridge: Any) -> None:
    address = real_bridge.address
    assert address["host"] == "127.0.0.1"
    hosts = ["127.0.0.1", "localhost", *(["::1"] if has_ipv6() else [])]
    for host in hosts:
        sent = real_bridge.umtn("send", "ping", "--host", host, "--port", real_bridge.port)
        assert sent.exit_code == 0, sent.stderr
    assert real_bridge.umtn("send", "ping").exit_code == 0
    (listening,) = (e for e in entries(real_bridge) if e["message"] == "listening")
    assert listening["hosts"] == [host for host in hosts if host != "localhost"]


def test_a_second_bridge_is_refused(real_bridge: Any) -> None:
    import subprocess

    second = subprocess.run(
        real_bridge.command(), env=real_bridge.environment, capture_output=True, text=True
    )
    assert second.returncode == 1
    assert f"A bridge is running already, as process {real_bridge.process.pid}" in second.stderr
    assert real_bridge.umtn("send", "ping").exit_code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs to stop processes")
def test_a_second_bridge_is_refused_though_the_first_is_stopped(
    real_bridge: Any, tmp_path: Path
) -> None:
    import subprocess

    file = real_bridge.folder / "bridge.json"
    before, pid = file.read_bytes(), real_bridge.process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        second = subprocess.run(
            real_bridge.command("--data-folder", str(tmp_path / "other")),
            env=real_bridge.environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    finally:
        os.kill(pid, signal.SIGCONT)
    assert second.returncode == 1 and len(second.stderr.splitlines()) == 1, second.stderr
    assert f"already, as process {pid} on port {real_bridge.port}, but it does" in second.stderr
    assert f"`kill -KILL {pid}`" in second.stderr
    assert file.read_bytes() == before
    assert real_bridge.umtn("send", "ping").exit_code == 0


def test_the_file_of_a_bridge_that_was_killed_is_no_hindrance(real_bridge: Any) -> None:
    real_bridge.process.kill()
    real_bridge.process.wait()
    assert (real_bridge.folder / "bridge.json").exists()
    assert "start one with `umtn bridge`" in real_bridge.umtn("send", "ping").stderr
    (real_bridge.folder / "bridge.json").rename(real_bridge.folder / "left.json")
    real_bridge.start()
    assert real_bridge.umtn("send", "ping").exit_code == 0


def test_a_port_in_use_and_a_missing_token_are_one_sentence(real_bridge: Any) -> None:
    import subprocess

    environment = {**real_bridge.environment, "UMTN_BRIDGE_FILE": str(real_bridge.folder / "two")}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        for options, words in (
            (["--port", port], f"port {port} (address already in use); choose another one with"),
            (["--bind", "0.0.0.0"], "give a --token-file"),
            (["--bind", "nowhere.invalid", "--token", TOKEN], "choose another one with --bind"),
            (["--token", "short"], "at least 16 characters"),
            (["--log-file", "/nowhere/log"], "--log-file"),
        ):
            result = subprocess.run(
                real_bridge.command(
                    *options, "--data-folder", str(real_bridge.folder / "two-jobs")
                ),
                env=environment,
                capture_output=True,
                text=True,
            )
            assert result.returncode == 1, result.stderr
            assert words in result.stderr
            assert len(result.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order_and_goes_on_where_it_was(
    real_bridge: Any, recording: MakeRecording, number: int
) -> None:
    source = recording("bridge/sessions/long.wav", seconds=100.0)
    with Bridge(port=real_bridge.port) as bridge:
        bridge.render(source, "flute", id="a", model="tiny", segments=1)
        until = time.monotonic() + 60
        while bridge.status("a").fraction < 0.05:
            assert time.monotonic() < until
            time.sleep(0.05)
    children = psutil.Process(real_bridge.process.pid).children(recursive=True)
    assert children
    os.kill(real_bridge.process.pid, number)
    assert real_bridge.process.wait(30) == 0
    assert not (real_bridge.folder / "bridge.json").exists()
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    assert sorted(p.name for p in real_bridge.session.iterdir()) == ["long.wav"]
    real_bridge.start()
    with Bridge(port=real_bridge.port) as bridge:
        seen = []
        end = bridge.follow("a", seen.append)
        assert end.state == "done", end
        assert Path(end.output).exists()


def test_a_token_is_asked_for_by_all_doors(make_bridge: Any, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    bridge = make_bridge("--token-file", str(tmp_path / "token"))
    bridge.start()
    try:
        assert bridge.umtn("send", "ping", "--token", "x" * 16).exit_code == 1
        assert bridge.umtn("send", "ping", "--token-file", tmp_path / "token").exit_code == 0
        assert bridge.umtn("send", "ping").exit_code == 0
        (bridge.folder / "bridge.json").unlink()
        asked = bridge.umtn("send", "ping", "--host", "localhost", "--port", bridge.port)
        assert "This bridge has a token; give it with --token." in asked.stderr
        assert TOKEN not in bridge.stderr + bridge.log.read_text()
    finally:
        bridge.stop()


def test_a_wrong_token_is_traced_to_what_gave_it(
    real_bridge: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("x" * 16)
    (tmp_path / "token").chmod(0o600)

    def said(*options: object) -> str:
        sent = real_bridge.umtn("send", "ping", *options)
        assert sent.exit_code == 1 and len(sent.stderr.splitlines()) == 1, sent
        return str(sent.stderr)

    assert "token that --token gives is not this bridge's; leave it out" in said("--token", TOKEN)
    by_file = ("--token-file", tmp_path / "token", "--port", real_bridge.port)
    assert "token that --token-file gives is not this bridge's; leave it out" in said(*by_file)
    real_bridge.environment["UMTN_TOKEN"] = TOKEN
    assert "token that $UMTN_TOKEN gives is not this bridge's; unset it" in said()
    # Of a bridge that this user has no file of, nothing better is known.
    (real_bridge.folder / "bridge.json").rename(real_bridge.folder / "away.json")
    elsewhere = said("--host", "127.0.0.1", "--port", real_bridge.port)
    assert "$UMTN_TOKEN gives is not this bridge's; give the one that the bridge was" in elsewhere


@pytest.mark.skipif(sys.platform == "win32", reason="has other rights")
def test_a_session_folder_that_others_can_change_is_said(make_bridge: Any) -> None:
    bridge = make_bridge()
    bridge.session.chmod(0o757)
    bridge.start()
    assert bridge.stop() == 0
    warnings = [line for line in bridge.stderr.splitlines() if line.startswith("umtn: ")]
    (warning,) = warnings
    assert f"{bridge.session} is open to every user of this machine" in warning
    assert "--session-folder" in warning


def test_ctrl_c_on_send_cancels_the_job(real_bridge: Any, recording: MakeRecording) -> None:
    import subprocess

    source = recording("bridge/sessions/long.wav", seconds=300.0)
    sending = subprocess.Popen(
        [sys.executable, "-m", "bridge.cli", "send", str(source), "--to", "flute",
         "--model", "tiny", "--segments", "1", "--id", "a"],
        env=real_bridge.environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with Bridge(port=real_bridge.port) as bridge:
        until = time.monotonic() + 60
        while "a" not in {job.id for job in bridge.jobs()} or bridge.status("a").fraction == 0:
            assert time.monotonic() < until
            time.sleep(0.05)
        sending.send_signal(signal.SIGINT)
        _, stderr = sending.communicate(timeout=30)
        assert sending.returncode == 130, stderr
        assert "Cancelled" in stderr
        assert bridge.status("a").state == "cancelled"


@pytest.mark.skipif(sys.platform == "win32", reason="has other rights")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_results_elsewhere_are_files_like_the_users_others(
    make_bridge: Any, recording: MakeRecording, tmp_path: Path, umask: int, mode: int
) -> None:
    music = tmp_path / "music"
    music.mkdir()
    bridge = make_bridge("--allow", str(music))
    before = os.umask(umask)
    try:
        bridge.start()
    finally:
        os.umask(before)
    try:
        source = recording("bridge/sessions/tone.wav", seconds=0.05)
        asked = ("send", source, "--to", "flute", "--model", "tiny", "-o")
        for folder, expected in ((music, mode), (bridge.session, 0o664 if umask == 2 else 0o600)):
            sent = bridge.umtn(*asked, folder / "out.wav")
            assert sent.exit_code == 0, sent.stderr
            assert stat.S_IMODE((folder / "out.wav").stat().st_mode) == expected
    finally:
        bridge.stop()

"""Previews of instruments, and files converted, by a real bridge and both of its clients."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pedalboard.io import AudioFile

from bridge.client import AsyncBridge, Bridge, BridgeError
from tests.bridge.conftest import RealBridge
from umtn_core.audio import read_audio
from umtn_core.audio.write import write_audio


def connected(bridge: RealBridge, **options: Any) -> Bridge:
    # On a machine with much to do an answer takes longer than by default it may.
    return Bridge("127.0.0.1", bridge.port, token=bridge.token, **{"timeout": 30.0, **options})


def kept(bridge: RealBridge) -> list[Path]:
    return sorted((bridge.folder / "cache" / "umtn" / "previews").glob("*"))


def test_a_preview_is_made_once_for_each_instrument_and_is_the_users_alone(
    real_bridge: RealBridge,
) -> None:
    with connected(real_bridge) as bridge:
        flute = bridge.preview("tiny", "flute")
        made = flute.stat()
        violin = bridge.preview("Tiny", "VIOLIN")
        assert bridge.preview("tiny", "flute") == flute
        # Nobody sees how it came about.
        assert bridge.jobs() == []
        with pytest.raises(BridgeError) as error:
            bridge.preview("tiny", "oboe")
        assert error.value.code == "model"
    assert flute.stat().st_ino == made.st_ino
    assert kept(real_bridge) == sorted([flute, violin])
    assert stat.S_IMODE(made.st_mode) == 0o600
    assert stat.S_IMODE(flute.parent.stat().st_mode) == 0o700
    audio, rate = read_audio(flute)
    assert 3 <= audio.shape[1] / rate <= 4
    assert not np.array_equal(audio, read_audio(violin)[0])
    log = [json.loads(line) for line in real_bridge.log.read_text().splitlines()]
    assert not any("job" in line for line in log)
    # The next bridge finds them.
    real_bridge.stop()
    real_bridge.start()
    with connected(real_bridge) as bridge:
        assert bridge.preview("tiny", "flute") == flute
    assert flute.stat().st_ino == made.st_ino


def test_who_asks_for_a_preview_hears_at_once_that_it_is_being_made(
    open_bridge: RealBridge,
) -> None:
    from tests.bridge.conftest import Peer

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        _, peer = await loop.create_datagram_endpoint(
            Peer, remote_addr=("127.0.0.1", open_bridge.port)
        )
        began = time.monotonic()
        answers = [await peer.ask("/umtn/preview", "p", "tiny", "flute")]
        took = time.monotonic() - began
        if len(answers[0]) == 3:
            # Asked again, it is under way, and is answered under that name once.
            assert took < 1.0
            assert answers[0] == ("/umtn/preview", "p", "making")
            assert await peer.ask("/umtn/preview", "p", "tiny", "flute") == answers[0]
            answers.append(await peer.next(60))
        assert answers[-1][:3] == ("/umtn/preview", "p", "ready")
        assert Path(answers[-1][3]).is_file()
        assert await peer.silent()
        # No id of a client's can be the job's.
        key = Path(answers[-1][3]).stem
        for request in "status", "cancel":
            refused = await peer.ask(f"/umtn/{request}", f"\x01{key}")
            assert (refused[0], refused[2]) == ("/umtn/error", "bad_request")
        peer.transport.close()

    asyncio.run(scene())


def test_a_file_is_converted_as_it_is(real_bridge: RealBridge, tmp_path: Path) -> None:
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 44_100)).astype(np.float32)
    source, output = real_bridge.session / "in.flac", real_bridge.session / "out.wav"
    with AudioFile(str(source), "w", 44_100, 2, bit_depth=16) as file:
        file.write(audio)
    with connected(real_bridge) as bridge:
        done = bridge.convert(source, output)
        assert (done.output, done.sample_rate, done.channels, done.samples) == (
            str(output), 44_100, 2, 44_100,
        )  # fmt: skip
        assert bridge.jobs() == []
        for wrong, code in (
            ((source, output), "exists"),
            ((source, real_bridge.session / "out.flac"), "bad_request"),
            ((source, tmp_path / "out.wav"), "denied"),
            ((tmp_path / "in.wav", real_bridge.session / "b.wav"), "denied"),
            (("/etc/passwd", real_bridge.session / "b.wav"), "denied"),
            ((real_bridge.session / "none.wav", real_bridge.session / "b.wav"), "not_found"),
            ((source, real_bridge.session / "none" / "b.wav"), "not_found"),
        ):
            with pytest.raises(BridgeError) as error:
                bridge.convert(*wrong)
            assert error.value.code == code, (wrong, error.value)
        (real_bridge.session / "text.wav").write_text("no audio")
        with pytest.raises(BridgeError) as error:
            bridge.convert("/".join([str(real_bridge.session), "text.wav"]), output)
        assert error.value.code == "audio"
    assert np.array_equal(read_audio(output)[0], read_audio(source)[0])
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    names = {path.name for path in real_bridge.session.iterdir()}
    assert names == {"in.flac", "out.wav", "text.wav"}


def test_both_are_there_on_the_command_line(
    real_bridge: RealBridge, recording: Callable[..., Path]
) -> None:
    told = real_bridge.umtn("send", "preview", "tiny", "flute")
    assert told.exit_code == 0, told.output
    assert Path(told.stdout.strip()).is_file()
    again = real_bridge.umtn("send", "preview", "tiny", "flute", "--json")
    assert json.loads(again.stdout) == {"path": told.stdout.strip()}
    source = real_bridge.session / "in.wav"
    os.replace(recording(), source)
    output = real_bridge.session / "out.wav"
    told = real_bridge.umtn("send", "convert", source, output)
    assert (told.exit_code, told.stdout.strip()) == (0, str(output))
    told = real_bridge.umtn("send", "convert", source, output)
    assert told.exit_code == 1 and "exists already" in told.stderr


def test_neither_is_for_who_has_no_token(real_bridge: RealBridge) -> None:
    async def scene() -> None:
        for ask in (
            lambda bridge: bridge.preview("tiny", "flute"),
            lambda bridge: bridge.convert("/etc/hostname", "/tmp/out.wav"),
        ):
            async with AsyncBridge("127.0.0.1", real_bridge.port, token="wrong") as bridge:
                with pytest.raises(BridgeError) as error:
                    await ask(bridge)
                assert error.value.code in ("denied", "token")

    asyncio.run(scene())
    assert kept(real_bridge) == []


def test_a_bridge_that_stops_leaves_no_half_of_a_file(real_bridge: RealBridge) -> None:
    source, output = real_bridge.session / "long.wav", real_bridge.session / "out.wav"
    noise = np.zeros((8, 48_000 * 200), np.float32)
    write_audio(source, noise, 48_000)
    codes: list[str] = []

    def convert() -> None:
        with connected(real_bridge, timeout=60) as bridge:
            try:
                bridge.convert(source, output)
            except BridgeError as error:
                codes.append(error.code)

    asking = threading.Thread(target=convert)
    asking.start()
    deadline = time.monotonic() + 60
    while [path.name for path in real_bridge.session.iterdir()] == ["long.wav"]:
        assert asking.is_alive() and time.monotonic() < deadline
        time.sleep(0.01)
    assert real_bridge.stop() == 0
    asking.join()
    whole = output.exists() and read_audio(output)[0].shape == noise.shape
    # One that was just done when the bridge stopped may not have been told so any more.
    assert codes == ["busy"] or (whole and not codes)
    assert {path.name for path in real_bridge.session.iterdir()} == (
        {"long.wav", "out.wav"} if whole else {"long.wav"}
    )

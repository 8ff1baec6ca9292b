"""`umtn send`: what it refuses before it asks, and what becomes of a job that it asked for."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli.main import umtn
from bridge.jobs import Job, RenderRequest, RequestError

#: Of these numbers OSC has fewer, or the bridge takes fewer.
_BOUNDS = re.compile(r" (of at least|from) [^,]*(?=, not )")


@pytest.fixture
def served(serve: Callable[..., Any], tmp_path: Path) -> Iterator[Any]:
    """A server in a thread of its own."""
    found: list[Any] = []
    ready, end = threading.Event(), threading.Event()

    async def serving() -> None:
        async with serve() as served:
            found.append(served)
            ready.set()
            while not end.is_set():
                await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: asyncio.run(serving()))
    thread.start()
    ready.wait()
    yield found[0]
    end.set()
    thread.join()


def send(served: Any, *arguments: str | Path) -> Result:
    where = ["--host", "127.0.0.1", "--port", str(served.port)]
    return CliRunner().invoke(umtn, ["send", *map(str, arguments), *where])


@pytest.mark.usefixtures("models_folder")
@pytest.mark.parametrize(
    "values",
    [
        "--dynamics 2", "--dynamics loud", "--mix -1", "--top-p 0", "--temperature hot",
        "--channels stereo", "--engine gpu", "--transpose 99", "--segments 0", "--seed x",
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_alike(recording: Callable[..., Path], values: str) -> None:
    arguments = [str(recording()), "--to", "flute", *values.split()]
    said = {}
    for command in ("translate", "send"):
        result = CliRunner().invoke(umtn, [command, *arguments])
        assert (result.exit_code, result.stdout) == (2, "")
        said[command] = _BOUNDS.sub("", result.stderr.replace(f"umtn {command} --help", ""))
    assert said["translate"] == said["send"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("--seed 2147483648", "from 0 to 2147483647, not '2147483648'"),
        ("--segments 1025", "auto or a whole number from 1 to 1024, not '1025'"),
        ("--temperature 1e39", "from 0 to 1000, not '1e39'"),
        ("--start 1e39", "from 0 to 66355200000, not '1e39'"),
        ("--length 1e39", "above 0, up to 66355200000, not '1e39'"),
    ],
)
def test_a_number_that_no_bridge_takes_is_refused_in_words(values: str, said: str) -> None:
    result = CliRunner().invoke(umtn, ["send", "a.wav", "--to", "flute", *values.split()])
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


def test_samples_are_exact(served: Any) -> None:
    region = ["--unit", "samples", "--start", "16777217", "--length", "2147483649"]
    result = send(served, "~a.wav", "--to", "flute", *region, "--no-wait")
    assert result.exit_code == 0, result.stderr
    (request,) = served.jobs.submitted
    assert (request.start, request.length) == (16_777_217, 2_147_483_649)
    assert request.input == str(Path.cwd() / "~a.wav")


@pytest.mark.parametrize("name", ["--status", "--cancel"])
@pytest.mark.parametrize(
    ("id", "said"),
    [
        ("", "The id is empty"),
        ("a\tb", "The id has the control character U+0009"),
        ("x" * 600, "The id has 600 bytes"),
        ("\udcff", "is not UTF-8"),
        ("nope", "There is no job nope"),
    ],
)
def test_an_id_of_no_job_is_an_error(served: Any, name: str, id: str, said: str) -> None:
    result = send(served, name, id)
    assert (result.exit_code, result.stdout, said in result.stderr) == (1, "", True), result.stderr


def test_how_a_failed_job_is_is_no_error_and_what_the_bridge_cannot_say_is(served: Any) -> None:
    assert send(served, "a.wav", "--to", "flute", "--id", "a", "--no-wait").exit_code == 0
    served.jobs.change("a", state="failed", code="audio", message="It is no music.")
    result = send(served, "--status", "a")
    assert (result.exit_code, result.stdout) == (0, "a: failed, It is no music.\n")

    def busy(id: str) -> Job:
        raise RequestError("busy", "The bridge is stopping.")

    served.jobs.get = busy
    for name in ("--status", "--cancel"):
        result = send(served, name, "a")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "The bridge is stopping." in result.stderr


@pytest.mark.parametrize("waits", [["--no-wait"], []])
def test_ctrl_c_before_the_answer_cancels_the_job(served: Any, waits: list[str]) -> None:
    submit = served.jobs.submit

    async def slowly(request: RenderRequest) -> Job:
        job: Job = await submit(request)
        if len(served.jobs.submitted) == 1:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.5)
        return job

    served.jobs.submit = slowly
    result = send(served, "a.wav", "--to", "flute", *waits)
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "umtn: Cancelled; nothing was written.\n"
    assert [job.state for job in served.jobs.jobs()] == ["cancelled"]

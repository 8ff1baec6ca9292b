"""`umtn send`: what it refuses before it asks, and what becomes of a job that it asked for."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli.main import umtn
from bridge.client.link import _Socket
from bridge.jobs import Job, RenderRequest, RequestError

posix = pytest.mark.skipif(sys.platform == "win32", reason="has no terminals that hang up")

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
    # As long as a busy machine may take, since no address file speaks for this one.
    where = ["--host", "127.0.0.1", "--port", str(served.port), "--timeout", "5"]
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


@pytest.mark.parametrize("name", ["status", "cancel", "--status", "--cancel"])
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
    result = send(served, "status", "a")
    assert (result.exit_code, result.stdout) == (0, "a: failed, It is no music.\n")

    def busy(id: str) -> Job:
        raise RequestError("busy", "The bridge is stopping.")

    served.jobs.get = busy
    for name in ("status", "cancel"):
        result = send(served, name, "a")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "The bridge is stopping." in result.stderr


@pytest.mark.parametrize("waits", [["--no-wait"], []])
@pytest.mark.parametrize(
    "numbers",
    [
        [signal.SIGINT],
        pytest.param([getattr(signal, "SIGHUP", 0)], marks=posix),
        # Pressed again before the first was noticed, and as often as anybody does.
        [signal.SIGINT] * 2,
        [signal.SIGINT] * 9,
    ],
)
def test_ctrl_c_before_the_answer_cancels_the_job(
    served: Any, waits: list[str], numbers: list[int]
) -> None:
    submit = served.jobs.submit

    async def slowly(request: RenderRequest) -> Job:
        job: Job = await submit(request)
        if len(served.jobs.submitted) == 1:
            for number in numbers:
                os.kill(os.getpid(), number)
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.2)
        return job

    served.jobs.submit = slowly
    result = send(served, "a.wav", "--to", "flute", *waits)
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "umtn: Cancelled; nothing was written.\n"
    assert [job.state for job in served.jobs.jobs()] == ["cancelled"]


def test_several_jobs_are_asked_about_at_once(served: Any) -> None:
    for id in ("a", "b", "c"):
        assert send(served, f"{id}.wav", "--to", "flute", "--id", id, "--no-wait").exit_code == 0
    listed = send(served, "jobs")
    assert listed.stdout == "a: queued\nb: queued\nc: queued\n"
    assert send(served, "status", "c", "a", "c").stdout == "c: queued\na: queued\n"
    result = send(served, "cancel", "a", "nope", "b", "never")
    assert (result.exit_code, result.stdout) == (1, "a: cancelled\nb: cancelled\n")
    assert result.stderr.splitlines() == [
        "umtn: There is no job nope.", "umtn: There is no job never.",
    ]  # fmt: skip
    # One that has ended stays as it is.
    assert send(served, "cancel", "a").exit_code == 0
    one, two = send(served, "status", "a", "--json"), send(served, "status", "a", "c", "--json")
    assert json.loads(one.stdout)["state"] == "cancelled"
    assert [job["id"] for job in json.loads(two.stdout)] == ["a", "c"]
    assert [job["id"] for job in json.loads(send(served, "jobs", "--json").stdout)] == [*"abc"]


def test_options_stand_before_the_verb_and_behind_it(served: Any) -> None:
    where = ["--host", "127.0.0.1", "--port", str(served.port), "--timeout", "5"]
    for words in (
        [*where, "ping", "--json"], ["--json", "ping", *where], [*where[:4], "Ping", *where[4:]],
    ):  # fmt: skip
        result = CliRunner().invoke(umtn, ["send", *words])
        assert result.exit_code == 0, result.stderr
        assert "umtn 1.2.3" in result.stdout or json.loads(result.stdout)["version"] == "1.2.3"


def test_a_file_called_like_a_verb_is_one_where_it_is_to_be_rendered(
    served: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("jobs").write_bytes(b"sound")
    assert send(served, "jobs").stdout == ""
    for number, words in enumerate((["jobs", "--to", "flute"], ["--to=flute", "./jobs"])):
        result = send(served, *words, "--id", str(number), "--no-wait")
        assert (result.exit_code, result.stdout) == (0, f"{number}\n"), result.stderr
        assert served.jobs.submitted[-1].input == str(tmp_path / "jobs")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "",
            "Name one file to render, or say one of status, jobs, cancel, models, preview, "
            "convert, ping.",
        ),
        ("statsu a", "Got unexpected extra argument (a)"),
        (
            "statsu",
            "statsu is neither a file nor one of status, jobs, cancel, models, preview, convert, "
            "ping (did",
        ),
        ("./jobs", "There is no file ./jobs"),
        ("-- jobs", "There is no file jobs"),
        ("status", "Name the job: `umtn send status ID`; `umtn send jobs` lists them."),
        ("cancel --json", "Name the job: `umtn send cancel ID`"),
        ("jobs a", "Got unexpected extra argument (a); see `umtn send jobs --help`."),
        ("jobs --seed 1", "There is no option '--seed'; see `umtn send jobs --help`."),
        ("a.wav --ping --to flute", "Name one file to render, or say one of"),
    ],
)
def test_what_is_neither_a_file_nor_a_verb_is_misuse(words: str, said: str) -> None:
    result = CliRunner().invoke(umtn, ["send", *words.split()])
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr and len(result.stderr.splitlines()) == 1


def test_verbs_have_help_of_their_own() -> None:
    top = CliRunner().invoke(umtn, ["send", "--help"]).stdout
    for verb in ("status", "jobs", "cancel", "models", "ping"):
        assert f"       umtn send {verb} " in top
        assert f"--{verb}" not in top
        shown = CliRunner().invoke(umtn, ["send", verb, "--help"]).stdout
        assert shown.startswith(f"Usage: umtn send {verb} [OPTIONS]")
        for option in ("--host", "--port", "--timeout", "--token-file", "--json"):
            assert option in shown
        assert "--seed" not in shown


@pytest.mark.parametrize(
    ("old", "verb"),
    [
        (["--ping"], ["ping"]), (["--models"], ["models"]), (["--jobs"], ["jobs"]),
        (["--status", "a"], ["status", "a"]), (["--cancel", "a"], ["cancel", "a"]),
    ],
)  # fmt: skip
def test_flags_from_before_there_were_verbs_work_and_name_the_verb(
    served: Any, old: list[str], verb: list[str]
) -> None:
    assert send(served, "a.wav", "--to", "flute", "--id", "a", "--no-wait").exit_code == 0
    asked, before = send(served, *verb), send(served, *old)
    assert (before.exit_code, before.stdout) == (asked.exit_code, asked.stdout)
    assert before.stderr == asked.stderr + (
        f"umtn: The next version knows {old[0]} no more; write `umtn send {verb[0]}"
        f"{' ID' if len(verb) > 1 else ''}`.\n"
    )
    quiet = send(served, *old, "--json")
    assert json.loads(quiet.stdout) == json.loads(send(served, *verb, "--json").stdout)
    assert "verb" not in quiet.stderr and "write" not in quiet.stderr


@pytest.mark.parametrize("hangs_at", ["render", "follow"])
def test_one_ctrl_c_ends_it_though_the_bridge_hangs(
    served: Any, monkeypatch: pytest.MonkeyPatch, hangs_at: str
) -> None:
    """It says what may be left there."""

    def hang() -> None:
        monkeypatch.setattr(_Socket, "send", lambda self, packet: None)
        os.kill(os.getpid(), signal.SIGINT)

    if hangs_at == "render":
        submit = served.jobs.submit

        async def submitted(request: RenderRequest) -> Job:
            threading.Timer(0.1, hang).start()
            await asyncio.sleep(3)
            job: Job = await submit(request)
            return job

        served.jobs.submit = submitted
    else:
        threading.Timer(1.0, hang).start()
    began = time.monotonic()
    result = send(served, "a.wav", "--to", "flute", "--id", "a b")
    assert time.monotonic() - began < 5
    assert (result.exit_code, result.stdout) == (130, "")
    assert "the bridge does not answer" in result.stderr
    assert "`umtn send cancel 'a b'` cancels it." in result.stderr


def test_a_second_ctrl_c_waits_for_no_answer_and_says_what_may_be_left(served: Any) -> None:
    asked: list[str] = []

    async def slowly(id: str) -> Job:
        asked.append(id)
        # It is asked again until it answers.
        for _ in range(2 if len(asked) == 1 else 0):
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.1)
        await asyncio.sleep(2)
        job: Job = served.jobs.get(id)
        return job

    served.jobs.cancel = slowly
    threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    result = send(served, "a.wav", "--to", "flute", "--id", "a")
    assert (result.exit_code, result.stdout) == (130, "")
    assert "the bridge has not confirmed it" in result.stderr
    assert "`umtn send cancel a` cancels it." in result.stderr
    assert served.jobs.get("a").state == "queued"


def test_what_becomes_of_a_job_whose_bridge_ends_is_said(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end() -> None:
        monkeypatch.setattr(_Socket, "send", lambda self, packet: None)

    threading.Timer(1.0, end).start()
    result = send(served, "a.wav", "--to", "flute", "--id", "a b")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "does not answer this any more" in result.stderr
    assert "The job is kept, and goes on when the bridge is started again" in result.stderr
    assert "`umtn send status 'a b'` says how it is then." in result.stderr


@pytest.mark.parametrize(
    "words", ["--ping --jobs", "--status a --cancel a", "--models --status a", "a.wav --ping"]
)
def test_of_two_things_to_do_none_is_done(words: str) -> None:
    refused = CliRunner().invoke(umtn, ["send", *words.split()])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "Name one file to render, or say one of status, jobs" in refused.stderr


def test_an_old_flag_may_be_given_for_each_of_several_jobs(served: Any) -> None:
    for id in ("a", "b"):
        assert send(served, f"{id}.wav", "--to", "flute", "--id", id, "--no-wait").exit_code == 0
    assert send(served, "--status", "a", "--status", "b").stdout == "a: queued\nb: queued\n"

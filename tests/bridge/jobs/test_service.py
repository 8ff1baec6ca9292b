"""Jobs from request to result, in the order that they should be done in."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from pedalboard.io import AudioFile

from bridge.jobs import JobService, RenderRequest, RequestError
from tests.bridge.jobs.conftest import RATE, heard, running, tone
from umtn_core.errors import UmtnError
from umtn_core.translator import Translator


def request(id="a", input="in.wav", **options):
    return RenderRequest(id=id, input=str(input), target="trumpet", **options)


def within(settings, work):
    """Run a coroutine function with a service."""

    async def all_of_it():
        async with running(settings) as jobs:
            return await work(jobs)

    return asyncio.run(all_of_it())


async def refusal(submitted):
    with pytest.raises(RequestError) as caught:
        await submitted
    assert caught.value.message.endswith(".")
    return caught.value.code


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def translator():
    return Translator("default", "trumpet")


def test_a_job_gives_what_the_translator_does(settings, music, translator):
    music(seconds=0.3)

    async def work(jobs):
        accepted = await jobs.service.submit(request(output="out.wav"))
        assert accepted.state == "queued"
        (done,) = await jobs.ended("a")
        return done, [job.state for job in jobs.told]

    done, states = within(settings, work)
    assert done.state == "done" and done.fraction == 1
    assert done.output == str(settings.session_folder / "out.wav")
    np.testing.assert_array_equal(heard(done.output), translator(tone(0.3), RATE))
    assert states[0] == "queued" and "running" in states and states[-1] == "done"
    assert files(settings.session_folder) == ["in.wav", "out.wav"]
    assert not files(settings.data_folder / "work")


def test_regions_cover_exactly_what_was_asked_for(settings, music, translator):
    """To the sample, at the file's own rate and with its channels."""
    music(seconds=0.5, rate=44_100, channels=2)
    whole = tone(0.5, 44_100, 2)
    regions = {
        "samples": ({"start": 4321.0, "length": 5001.0, "unit": "samples"}, slice(4321, 9322)),
        "seconds": ({"start": 0.1, "length": 0.2}, slice(4410, 13230)),
        "to the end": ({"start": 0.4}, slice(17640, 22050)),
        "rounded a little": ({"start": 0.4, "length": 0.1004}, slice(17640, 22050)),
        "one sample": ({"start": 7.0, "length": 1.0, "unit": "samples"}, slice(7, 8)),
    }

    async def work(jobs):
        for id, (options, _) in regions.items():
            await jobs.service.submit(request(id, **options))
        return await jobs.ended(*regions)

    for job in within(settings, work):
        assert job.state == "done", job
        result = heard(job.output)
        with AudioFile(job.output) as file:
            assert (file.samplerate, file.num_channels) == (44_100, 2)
            assert file.file_dtype == "float32"
        np.testing.assert_array_equal(result, translator(whole[:, regions[job.id][1]], 44_100))


def test_what_the_audio_cannot_give_is_refused_or_fails_with_a_reason(settings, music):
    music(seconds=0.5)
    session = settings.session_folder
    (session / "text.wav").write_text("This is not a sound." * 50)
    (session / "empty.wav").write_bytes(b"")
    whole = (session / "in.wav").read_bytes()
    (session / "cut.wav").write_bytes(whole[:-100])
    bomb = bytearray(whole[:60])
    bomb[40:44] = b"\xf0\xff\xff\xff"
    (session / "bomb.wav").write_bytes(bomb)
    wide = bytearray(whole)
    wide[22:24] = b"\xff\xff"
    (session / "wide.wav").write_bytes(wide)
    chunks = b"RIFF\xff\xff\xff\x7fWAVE" + b"junk\0\0\0\0" * 200_000
    (session / "chunks.wav").write_bytes(chunks)
    flac = bytearray(34)
    flac[10:18] = ((48_000 << 44) | (1 << 41) | (15 << 36) | 2**36 - 1).to_bytes(8, "big")
    (session / "bomb.flac").write_bytes(b"fLaC\x80\0\0\x22" + flac + b"\xff\xf8" + bytes(100))
    settings = replace(settings, longest_seconds=0.3, largest_bytes=5_000_000)
    with open(session / "huge.wav", "wb") as file:
        file.truncate(5_000_001)

    async def work(jobs):
        wrong = [request(input=f"{name}.wav") for name in ("text", "empty", "cut", "bomb", "huge")]
        wrong += [request(input=name) for name in ("wide.wav", "chunks.wav", "bomb.flac")]
        wrong += [
            request(),
            request(start=0.5),
            request(start=0.4, length=0.2),
            request(start=1e9),
            request(start=0.1, length=1e-6),
        ]
        for each in wrong:
            assert await refusal(jobs.service.submit(each)) == "audio", each
        (session / "in.wav").write_bytes(whole)
        await jobs.service.submit(request(length=0.1))
        # Whole by its headers, and damaged where nobody looks before it is rendered.
        (session / "nan.wav").write_bytes(whole[:-400] + b"\xff" * 400)
        await jobs.service.submit(request("nan", "nan.wav", start=0.3))
        return await jobs.ended("a", "nan")

    good, bad = within(settings, work)
    assert good.state == "done"
    assert (bad.state, bad.code) == ("failed", "audio"), bad
    assert bad.message.endswith(".") and "\n" not in bad.message
    os.unlink(good.output)
    assert not [name for name in files(settings.session_folder) if ".trumpet." in name]


def test_what_cannot_be_is_refused_at_once(settings, music):
    music()

    async def work(jobs):
        submit = jobs.service.submit
        assert await refusal(submit(request(mix=2.0))) == "bad_request"
        assert await refusal(submit(request(input="none.wav"))) == "not_found"
        assert await refusal(submit(request(input="/etc/passwd"))) == "denied"
        assert await refusal(submit(request(output="in.wav"))) == "exists"
        assert await refusal(submit(request(model="nobody's"))) == "model"
        assert await refusal(submit(request(model="../default"))) == "model"
        assert await refusal(submit(RenderRequest("a", "in.wav", "kazoo"))) == "model"
        with pytest.raises(RequestError, match="no job"):
            jobs.service.get("a")
        assert await refusal(jobs.service.cancel("a")) == "unknown_id"
        assert jobs.service.jobs() == []

    within(settings, work)


def test_the_same_request_is_one_job_and_another_is_refused(settings, music):
    music(seconds=0.2)

    async def work(jobs):
        same = [jobs.service.submit(request(priority=1)) for _ in range(20)]
        assert {job.id for job in await asyncio.gather(*same)} == {"a"}
        assert await refusal(jobs.service.submit(request(seed=1))) == "id_in_use"
        await jobs.ended("a")
        again = await jobs.service.submit(request(priority=1))
        assert again.state == "done"
        written = RenderRequest("a", "in.wav", " TRUMPET", model="Default", priority=1)
        assert await jobs.service.submit(written) == again
        assert await refusal(jobs.service.submit(request(seed=1))) == "id_in_use"
        both = (jobs.service.submit(request("b", seed=n)) for n in (1, 2))
        first, second = await asyncio.gather(*both, return_exceptions=True)
        assert first.id == "b" and second.code == "id_in_use"
        assert len(jobs.service.jobs()) == 2
        await jobs.ended("b")
        return again

    again = within(settings, work)
    assert len(files(settings.session_folder)) == 3

    async def afterwards(jobs):
        assert await jobs.service.submit(request(priority=1)) == again
        assert await refusal(jobs.service.submit(request(seed=1))) == "id_in_use"

    within(settings, afterwards)


def test_two_jobs_cannot_have_one_output(settings, music):
    music()

    async def work(jobs):
        twice = [jobs.service.submit(request(id, output="out.wav")) for id in "ab"]
        first, second = await asyncio.gather(*twice, return_exceptions=True)
        assert first.id == "a" and second.code == "exists"
        await jobs.ended("a")
        assert await refusal(jobs.service.submit(request("b", output="out.wav"))) == "exists"

    within(settings, work)


def test_higher_priorities_go_first_then_the_oldest(settings, music):
    music(seconds=10.0)
    settings = replace(settings, together=1)

    async def work(jobs):
        await jobs.service.submit(request("first"))
        for id, priority in [("low", -1), ("b", 0), ("c", 0), ("high", 5)]:
            await jobs.service.submit(request(id, length=0.05, priority=priority))
        await jobs.ended("first", "low", "b", "c", "high")
        return [job.id for job in jobs.told if job.state == "done"]

    assert within(settings, work) == ["first", "high", "b", "c", "low"]


def test_compatible_jobs_are_decoded_together_and_give_the_same(settings, music, translator):
    music(seconds=10.0)
    seeds = {str(i): i for i in range(5)}

    async def work(jobs):
        await jobs.service.submit(request("before"))
        for id, seed in seeds.items():
            await jobs.service.submit(request(id, seed=seed, length=0.4))
        await jobs.service.submit(request("other", temperature=0.5, length=0.4))
        await jobs.ended(*seeds, "other", "before")
        running_at_once = 0
        states = {}
        for job in jobs.told:
            states[job.id] = job.state
            running_at_once = max(running_at_once, list(states.values()).count("running"))
        return running_at_once, [jobs.service.get(id) for id in seeds]

    at_once, jobs = within(settings, work)
    assert at_once >= 5
    for job in jobs:
        expected = Translator("default", "trumpet", seed=seeds[job.id])(tone(10.0)[:, :6400], RATE)
        np.testing.assert_array_equal(heard(job.output), expected)


def test_a_short_job_does_not_wait_for_a_long_one_of_its_batch(settings, music):
    music("long.wav", seconds=60.0)
    music("short.wav", seconds=0.1)

    async def work(jobs):
        await jobs.service.submit(request("before", "short.wav"))
        await jobs.service.submit(request("short", "short.wav"))
        await jobs.service.submit(request("long", "long.wav"))
        await jobs.ended("short")
        assert jobs.service.get("long").state in ("queued", "running")
        await jobs.service.cancel("long")

    within(settings, work)


def test_cancelled_jobs_leave_nothing(settings, music):
    music(seconds=60.0)
    music("short.wav")
    settings = replace(settings, save_every=0.1)

    async def work(jobs):
        cancel = jobs.service.cancel
        await jobs.service.submit(request("run"))
        await jobs.service.submit(request("wait", segments=1))
        assert (await cancel("wait")).state == "cancelled"
        await jobs.reaches("run", "running", 0.01)
        began = asyncio.get_running_loop().time()
        both = await asyncio.gather(cancel("run"), cancel("run"))
        assert asyncio.get_running_loop().time() - began < 5
        assert {job.state for job in both} == {"cancelled"}
        assert (await cancel("run")).state == "cancelled"
        assert (await jobs.service.submit(request("run"))).state == "cancelled"
        await jobs.service.submit(request("next", "short.wav"))
        (next_one,) = await jobs.ended("next")
        assert next_one.state == "done"
        assert (await cancel("next")).state == "done"

    within(settings, work)
    assert len(files(settings.session_folder)) == 3
    assert not files(settings.data_folder / "work")


def test_one_of_a_batch_can_be_cancelled(settings, music):
    music(seconds=5.0)

    async def work(jobs):
        await jobs.service.submit(request("before", length=0.05))
        for id in "abc":
            # One segment, since their number depends on how fast a process finds the machine.
            await jobs.service.submit(request(id, segments=1))
        await jobs.reaches("b", "running", 0.01)
        assert (await jobs.service.cancel("b")).state == "cancelled"
        return await jobs.ended("a", "b", "c")

    a, b, c = within(settings, work)
    assert (a.state, b.state, c.state) == ("done", "cancelled", "done")
    assert not os.path.exists(b.output)
    expected = Translator("default", "trumpet", segments=1)(tone(5.0), RATE)
    np.testing.assert_array_equal(heard(a.output), expected)


def test_a_full_queue_is_said_and_not_made_longer(settings, music):
    music(seconds=60.0)
    settings = replace(settings, most_queued=3, together=1)

    async def work(jobs):
        await jobs.service.submit(request("run"))
        await jobs.reaches("run", "running")
        for id in "abc":
            await jobs.service.submit(request(id))
        assert await refusal(jobs.service.submit(request("d"))) == "busy"
        assert (await jobs.service.submit(request("c"))).state == "queued"
        await asyncio.gather(*(jobs.service.cancel(id) for id in ["run", *"abc"]))

    within(settings, work)


def test_an_input_that_changes_or_goes_while_its_job_waits_fails_it(settings, music):
    music(seconds=10.0)
    music("changed.wav")
    music("gone.wav")
    settings = replace(settings, together=1)

    async def work(jobs):
        await jobs.service.submit(request("run"))
        await jobs.service.submit(request("changed", "changed.wav"))
        await jobs.service.submit(request("gone", "gone.wav"))
        music("changed.wav.new.wav", seconds=0.2).replace(settings.session_folder / "changed.wav")
        (settings.session_folder / "gone.wav").unlink()
        return await jobs.ended("changed", "gone")

    changed, gone = within(settings, work)
    assert (changed.state, changed.code) == ("failed", "audio")
    assert "changed" in changed.message
    assert (gone.state, gone.code) == ("failed", "not_found")


def test_an_output_that_appears_meanwhile_is_left_as_it_is(settings, music):
    music(seconds=10.0)

    async def work(jobs):
        job = await jobs.service.submit(request(output="out.wav"))
        (settings.session_folder / "out.wav").write_text("mine")
        (job,) = await jobs.ended("a")
        return job

    job = within(settings, work)
    assert (job.state, job.code) == ("failed", "exists")
    assert (settings.session_folder / "out.wav").read_text() == "mine"
    assert files(settings.session_folder) == ["in.wav", "out.wav"]


def test_an_output_folder_that_goes_meanwhile_fails_the_job(settings, music):
    music(seconds=10.0)
    folder = settings.session_folder / "results"
    folder.mkdir()

    async def work(jobs):
        await jobs.service.submit(request(output="results/out.wav"))
        folder.rmdir()
        return (await jobs.ended("a"))[0]

    job = within(settings, work)
    assert job.state == "failed" and job.code == "not_found" and "results" in job.message


def test_a_second_bridge_cannot_use_the_same_folder(settings, monkeypatch):
    monkeypatch.setattr("bridge.jobs.storage.data_folder._WAIT_SECONDS", 0.1)

    async def work(jobs):
        with pytest.raises(UmtnError, match="Another bridge"):
            async with running(settings):
                pass

    within(settings, work)
    within(settings, lambda jobs: asyncio.sleep(0))


def test_everything_is_refused_while_stopping(settings, music):
    music()

    async def work(jobs):
        await jobs.service.stop()
        assert await refusal(jobs.service.submit(request())) == "busy"

    within(settings, work)


def test_subscribers_may_fail_and_leave(settings, music):
    music()

    async def work(jobs):
        def broken(job):
            raise RuntimeError("on purpose")

        heard_by_other = []
        jobs.service.subscribe(broken)
        leave = jobs.service.subscribe(heard_by_other.append)
        leave()
        await jobs.service.submit(request())
        (job,) = await jobs.ended("a")
        assert job.state == "done" and not heard_by_other

    within(settings, work)


def test_progress_is_told_four_times_a_second(settings, music):
    music(seconds=2.0)

    async def work(jobs):
        loop, moments = asyncio.get_running_loop(), []
        jobs.service.subscribe(lambda job: moments.append((loop.time(), job)))
        await jobs.service.submit(request(segments=1))
        await jobs.ended("a")
        return moments

    moments = within(settings, work)
    run = [(at, job) for at, job in moments if job.state == "running"]
    assert len(run) >= 4 * (run[-1][0] - run[0][0])
    fractions = [job.fraction for _, job in run]
    assert fractions == sorted(fractions) and fractions[-1] <= 1
    if run[-1][0] - run[0][0] > 2:
        assert any(job.seconds_left is not None for _, job in run)
    assert msgspec.json.decode(msgspec.json.encode(run[-1][1]))["state"] == "running"


@pytest.mark.skipif(os.name != "posix", reason="where every name is text, it can be written down")
@pytest.mark.parametrize("which", ["data_folder", "session_folder", "allowed"])
def test_a_folder_whose_name_is_not_utf_8_is_refused_by_its_option(settings, tmp_path, which):
    folder = tmp_path / os.fsdecode(b"s\xff")
    settings = replace(settings, **{which: (folder,) if which == "allowed" else folder})
    option = {"allowed": "--allow"}.get(which, f"--{which.replace('_', '-')}")

    async def scene():
        with pytest.raises(
            UmtnError, match=rf"not UTF-8; name another one with {option}"
        ) as caught:
            await JobService(settings).start()
        str(caught.value).encode()
        assert not folder.exists()

    asyncio.run(scene())

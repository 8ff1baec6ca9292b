"""What is said of a region that the model was not taught, and that nobody waits for it."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from bridge.jobs import JobService, RenderRequest
from bridge.jobs.accepting import listening
from umtn_core.audio.write import write_audio

RATE = 16_000


class NoRenderer:
    """Renders nothing: it has no slots."""

    def slots_for(self, engine):
        return ()

    def saved(self):
        return set()

    def forget_all_but(self, names, ids):
        pass

    async def start(self):
        pass

    async def stop(self):
        pass


def request(id="a", input="low.wav", **options):
    return RenderRequest(id=id, input=input, target="trumpet", **options)


@pytest.fixture
def low(settings):
    """Three seconds an octave below what the model was taught, then three within."""
    time = np.arange(3 * RATE) / RATE
    notes = [sum(np.sin(2 * np.pi * f * k * time) / k for k in (1, 2, 3)) for f in (147, 440)]
    path = settings.session_folder / "low.wav"
    write_audio(path, 0.1 * np.concatenate(notes)[None].astype(np.float32), RATE)
    return path


@pytest.fixture
def listened(monkeypatch):
    """The calls of listening; ``listened.seconds`` is how long each takes besides."""

    class Calls(list):
        seconds = 0.0

    calls = Calls()
    listen = listening.listen

    def counted(read, samples, sample_rate):
        calls.append(samples)
        time.sleep(calls.seconds)
        return listen(read, samples, sample_rate)

    monkeypatch.setattr(listening, "listen", counted)
    return calls


def within(settings, work):
    async def all_of_it():
        service = JobService(settings, NoRenderer())
        await service.start()
        try:
            return await work(service)
        finally:
            await service.stop()

    return asyncio.run(all_of_it())


def noted(settings, *requests):
    async def work(service):
        return [(await service.submit(each)).note for each in requests]

    return within(settings, work)


def test_a_note_is_of_the_region_as_it_will_be_heard(settings, low):
    below, inside, raised, octave, too_high, dry = noted(
        settings,
        request("below", length=3.0),
        request("inside", start=3.0 * RATE, unit="samples"),
        request("raised", length=3.0, transpose=12),
        request("octave", length=3.0, transpose="octave"),
        request("too high", start=3.0, transpose=24),
        request("dry", length=3.0, mix=0.0),
    )
    assert "below" in below and "C4 to C6" in below and below.endswith(".")
    assert "above" in too_high
    assert (inside, raised, octave, dry) == ("", "", "", "")


def test_the_transposition_that_a_note_offers_comes_with_it(settings, low):
    async def work(service):
        jobs = [
            await service.submit(request("below", length=3.0)),
            await service.submit(request("too high", start=3.0, transpose=24)),
            await service.submit(request("octave", length=3.0, transpose="octave")),
            # What was heard before is known when the job is accepted.
            await service.submit(request("again", length=3.0, seed=1)),
        ]
        assert [service.get(job.id).offer for job in jobs] == [job.offer for job in jobs]
        return [job.offer for job in jobs]

    assert within(settings, work) == ["octave", "0", "", "octave"]


def test_a_note_stays_with_its_job(settings, low):
    (note,) = noted(settings, request(length=3.0))

    async def again(service):
        assert (await service.submit(request(length=3.0))).note == note
        return service.get("a").note

    assert within(settings, again) == note != ""


def test_a_region_is_listened_to_once_until_its_file_changes(settings, low, listened):
    noted(settings, request("a"), request("b", seed=3), request("c", transpose=12))
    assert len(listened) == 1

    async def work(service):
        await service.submit(request("d"))
        write_audio(low, np.zeros((1, RATE), np.float32), RATE, overwrite=True)
        return (await service.submit(request("e"))).note

    assert "silent" in within(settings, work)
    assert len(listened) == 3  # another bridge listens anew


def test_what_cannot_be_listened_to_is_accepted_all_the_same(settings):
    import struct

    data = np.full(RATE, np.nan, "<f4").tobytes()
    form = struct.pack("<HHIIHH", 3, 1, RATE, 4 * RATE, 4, 32)
    chunks = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data))
    whole = b"RIFF" + struct.pack("<I", len(chunks) + len(data)) + chunks + data
    (settings.session_folder / "bad.wav").write_bytes(whole)
    assert noted(settings, request(input="bad.wav")) == [""]


def test_an_answer_waits_only_a_moment_and_the_note_comes_later(settings, low, listened):
    listened.seconds = 2.0

    async def work(service):
        began = time.monotonic()
        job = await service.submit(request(length=3.0))
        took = time.monotonic() - began
        assert job.note == "" and 0.9 < took < 1.9
        while not service.get("a").note:
            assert time.monotonic() - began < 20
            await asyncio.sleep(0.01)

    within(settings, work)


def test_in_a_flood_nobody_waits(settings, low, listened):
    listened.seconds = 0.05

    async def work(service):
        began = time.monotonic()
        requests = [request(str(n), length=1.0 + n / 100) for n in range(100)]
        await asyncio.gather(*map(service.submit, requests))
        # A thread that listened to each first would take five seconds.
        assert time.monotonic() - began < 2.5
        while any(not service.get(each.id).note for each in requests):
            assert time.monotonic() - began < 60
            await asyncio.sleep(0.05)

    within(settings, work)


def test_a_note_and_the_end_of_a_job_do_not_lose_each_other(settings, low):
    async def work(service):
        await service.submit(request(mix=0.0))
        ledger = service._ledger
        for first_note in (True, False):
            works = [ledger.note("a", f"note {first_note}"), ledger.settle("a", state="cancelled")]
            await asyncio.gather(*(works if first_note else reversed(works)))
            job = service.get("a")
            assert (job.state, job.note) == ("cancelled", f"note {first_note}")

    within(settings, work)

    async def look(service):
        return service.get("a")

    job = within(settings, look)
    assert (job.state, job.note) == ("cancelled", "note False")

import asyncio
import dataclasses
import os
from collections import namedtuple

import numpy as np
import pytest

from bridge.jobs import RequestError, converting
from bridge.jobs.converting import MOST_UNDER_WAY, Conversions
from tests.bridge.jobs.conftest import heard
from umtn_core.audio.write import write_audio


def within(settings, work, outputs=()):
    async def all_of_it():
        conversions = Conversions(settings, lambda: frozenset(outputs))
        try:
            return await work(conversions)
        finally:
            await conversions.close()

    return asyncio.run(all_of_it())


def refused(settings, *asked, outputs=()):
    async def work(conversions):
        with pytest.raises(RequestError) as error:
            await conversions.convert(*asked)
        return error.value.code, error.value.message

    return within(settings, work, outputs)


def names(settings):
    return sorted(path.name for path in settings.session_folder.iterdir())


def test_who_asks_again_hears_of_the_first_and_another_request_is_refused(settings, music):
    music("in.wav", seconds=1.0, channels=2)

    async def work(conversions):
        ask = conversions.convert
        first, again = await asyncio.gather(*[ask("a", "in.wav", "out.wav") for _ in range(2)])
        later = await ask("a", "in.wav", "out.wav")
        with pytest.raises(RequestError) as error:
            await ask("a", "in.wav", "other.wav")
        assert error.value.code == "id_in_use"
        # What was written has been taken away: then it is to be written again.
        os.unlink(first.output)
        assert await ask("a", "in.wav", "out.wav") == first == again == later
        return first

    done = within(settings, work)
    assert done == (settings.session_folder / "out.wav", 16_000, 2, 16_000)
    assert np.array_equal(heard(done.output), heard(settings.session_folder / "in.wav"))


def test_what_failed_can_be_asked_for_again(settings, music):
    async def work(conversions):
        with pytest.raises(RequestError):
            await conversions.convert("a", "in.wav", "out.wav")
        music("in.wav")
        return await conversions.convert("a", "in.wav", "out.wav")

    assert within(settings, work).output.exists()


def test_the_limits_of_renders_hold(settings, music):
    music("in.wav", seconds=2.0)
    short = dataclasses.replace(settings, longest_seconds=1.0)
    assert refused(short, "a", "in.wav", "out.wav")[0] == "audio"
    small = dataclasses.replace(settings, largest_bytes=1000)
    assert refused(small, "a", "in.wav", "out.wav")[0] == "audio"
    coming = settings.session_folder / "out.wav"
    code, text = refused(settings, "a", "in.wav", "out.wav", outputs=[str(coming)])
    assert code == "exists" and "A job will write" in text
    assert names(settings) == ["in.wav"]


def test_a_disk_without_room_is_not_begun_to_fill(settings, music, monkeypatch):
    music("in.wav", seconds=2.0)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(converting.shutil, "disk_usage", lambda path: usage(10**9, 10**9, 1000))
    code, text = refused(settings, "a", "in.wav", "out.wav")
    assert code == "disk" and "less is free" in text
    assert names(settings) == ["in.wav"]


def test_a_damaged_file_leaves_nothing(settings):
    audio = np.full((1, 48_000), np.nan, np.float32)
    audio[0, :47_000] = 0.1
    header = settings.session_folder / "in.wav"
    write_audio(header, np.zeros((1, 48_000), np.float32), 16_000)
    data = header.read_bytes()
    header.write_bytes(data[: len(data) - audio.nbytes] + audio.tobytes())
    assert refused(settings, "a", "in.wav", "out.wav")[0] == "audio"
    assert names(settings) == ["in.wav"]


def test_results_outside_the_session_folder_are_the_users_own_files(settings, music, tmp_path):
    music("in.wav")
    (tmp_path / "mine").mkdir()
    settings = dataclasses.replace(settings, allowed=(tmp_path / "mine",), result_mode=0o640)
    outside = tmp_path / "mine" / "out.wav"
    within(settings, lambda conversions: conversions.convert("a", "in.wav", str(outside)))
    assert outside.stat().st_mode & 0o777 == 0o640


def test_too_many_are_refused_and_those_under_way_end_with_the_bridge(settings, music):
    music("in.wav", seconds=30.0, channels=2)

    async def work(conversions):
        asked = [
            asyncio.create_task(conversions.convert(f"{n}", "in.wav", f"out {n}.wav"))
            for n in range(MOST_UNDER_WAY)
        ]
        await asyncio.sleep(0)
        with pytest.raises(RequestError) as error:
            await conversions.convert("one more", "in.wav", "more.wav")
        assert error.value.code == "busy"
        await conversions.close()
        ends = await asyncio.gather(*asked, return_exceptions=True)
        done = [end for end in ends if not isinstance(end, Exception)]
        assert {end.code for end in ends if isinstance(end, RequestError)} == {"busy"}
        assert len(done) < MOST_UNDER_WAY
        return done

    done = within(settings, work)
    assert names(settings) == sorted(["in.wav", *(each.output.name for each in done)])

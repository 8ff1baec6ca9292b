"""Jobs from request to result, in the order that they should be done in."""

from __future__ import annotations

import asyncio

import numpy as np

from bridge.jobs import RenderRequest
from tests.bridge.jobs.conftest import RATE, heard, running, tone
from umtn_core.translator import Translator


def request(id="a", input="in.wav", **options):
    return RenderRequest(id=id, input=str(input), target="trumpet", **options)


def code(error):
    return error.value.code


def test_a_job_gives_what_the_translator_does(settings, music):
    music(seconds=0.3)

    async def work():
        async with running(settings) as jobs:
            accepted = await jobs.service.submit(request(seed=7, output="out.wav"))
            assert accepted.state == "queued"
            (done,) = await jobs.ended("a")
            return done, [job.state for job in jobs.told]

    done, states = asyncio.run(work())
    assert done.state == "done" and done.fraction == 1
    assert done.output == str(settings.session_folder / "out.wav")
    expected = Translator("default", "trumpet", seed=7)(tone(0.3), RATE)
    np.testing.assert_array_equal(heard(done.output), expected)
    assert states[0] == "queued" and "running" in states and states[-1] == "done"

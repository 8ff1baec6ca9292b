"""Previews as jobs of the bridge's own, beside those of clients; rendered by the shipped model."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from bridge.jobs import RenderRequest, RequestError
from bridge.jobs.own import is_own
from tests.bridge.jobs.conftest import heard, running


@pytest.fixture
def settings(settings, tmp_path):
    return dataclasses.replace(settings, preview_folder=tmp_path / "cache" / "previews")


async def under_way(service):
    """Wait until a preview runs, and return its id."""
    for _ in range(3000):
        for id, record in service._ledger.records.items():
            if is_own(id) and record.state == "running" and service._ledger.job(id).fraction > 0:
                return id
        await asyncio.sleep(0.01)
    raise AssertionError


def test_a_preview_makes_way_for_a_job_and_then_goes_on(settings, music):
    music("in.wav", seconds=0.3)

    async def scene():
        async with running(settings) as jobs:
            service = jobs.service
            asked = [asyncio.create_task(service.preview("default", "flute")) for _ in range(3)]
            id = await under_way(service)
            assert service.jobs() == [] and jobs.told == []
            await service.submit(RenderRequest("a", "in.wav", "violin"))
            (job,) = await jobs.ended("a")
            assert job.state == "done"
            # It was saved and put behind, and not thrown away.
            assert not any(task.done() for task in asked)
            assert not service._ledger.record(id).finished
            paths = await asyncio.gather(*asked)
            assert {job.id for job in jobs.told} == {"a"}
            # Asked again it is there, and nothing is left of the job.
            assert await service.preview("default", "flute") == paths[0]
            assert list(service._ledger.records) == ["a"]
            return paths

    paths = asyncio.run(scene())
    assert len(set(paths)) == 1
    assert [path.name for path in paths[0].parent.iterdir()] == [paths[0].name]
    assert heard(paths[0]).shape == (1, 168_000)


def test_a_preview_goes_on_in_the_next_bridge(settings):
    async def first():
        async with running(settings) as jobs:
            asked = asyncio.create_task(jobs.service.preview("default", "flute"))
            id = await under_way(jobs.service)
            asked.cancel()
            return id

    async def second(id):
        async with running(settings) as jobs:
            assert id in jobs.service._ledger.records
            path = await jobs.service.preview("default", "flute")
            assert list(jobs.service._ledger.records) == []
            return path

    path = asyncio.run(second(asyncio.run(first())))
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_no_client_may_use_the_folder_of_previews(settings, music):
    music("in.wav")
    settings.preview_folder.mkdir(parents=True)

    async def scene():
        async with running(settings) as jobs:
            for request in (
                RenderRequest("a", "in.wav", "flute", str(settings.preview_folder / "out.wav")),
                RenderRequest("a", str(settings.preview_folder / "in.wav"), "flute"),
                RenderRequest("\x01a", "in.wav", "flute"),
            ):
                with pytest.raises(RequestError) as error:
                    await jobs.service.submit(request)
                assert error.value.code in ("denied", "bad_request")

    asyncio.run(scene())


def test_where_none_can_be_kept_it_is_said(settings):
    settings.preview_folder.parent.mkdir()
    settings.preview_folder.write_text("in the way")

    async def scene(settings, said):
        async with running(settings) as jobs:
            with pytest.raises(RequestError, match=said) as error:
                await jobs.service.preview("default", "flute")
            assert error.value.code == "disk"
            assert list(jobs.service._ledger.records) == []

    asyncio.run(scene(settings, "cannot be kept"))
    asyncio.run(scene(dataclasses.replace(settings, preview_folder=None), "no home"))

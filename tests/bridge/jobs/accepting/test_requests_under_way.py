"""Requests that come in together stand and fall each by itself."""

from __future__ import annotations

import asyncio

import msgspec

from bridge.jobs.accepting.acceptance import Acceptance
from bridge.jobs.accepting.listening import Listening
from bridge.jobs.accepting.requests_under_way import RequestsUnderWay
from bridge.jobs.request import RenderRequest, RequestError
from bridge.jobs.storage.ledger import Ledger
from bridge.jobs.storage.store import JobStore


class Careless(Acceptance):
    """Lets one pass that nobody can write down."""

    def accept(self, request):
        record = super().accept(request)
        return msgspec.structs.replace(record, note="\udce9") if request.id == "bad" else record


def test_one_that_cannot_be_written_down_is_in_no_other_s_way(settings, music):
    music("in.wav")

    async def scene():
        arrived = []
        settings.data_folder.mkdir()
        ledger = Ledger(JobStore(settings.data_folder), float)
        under_way = RequestsUnderWay(
            Careless(settings, Listening(settings)), ledger, lambda r: arrived.append(r.id)
        )
        ids = [*(f"good {number}" for number in range(10)), "bad", "last"]
        for id in ids:
            under_way.begin(RenderRequest(id, "in.wav", "trumpet"))
        ends = await asyncio.gather(*map(under_way.end, ids), return_exceptions=True)
        assert [id for id, end in zip(ids, ends, strict=True) if end is not None] == ["bad"]
        assert arrived == [id for id in ids if id != "bad"]
        await under_way.close()
        await ledger.close()

    asyncio.run(scene())


def test_one_that_is_refused_is_told_why(settings, music):
    music("in.wav")

    async def scene():
        settings.data_folder.mkdir()
        ledger = Ledger(JobStore(settings.data_folder), float)
        under_way = RequestsUnderWay(
            Acceptance(settings, Listening(settings)), ledger, lambda record: None
        )
        for id, output in (("a", "x.wav"), ("b", "x.wav"), ("c", "y.wav")):
            under_way.begin(RenderRequest(id, "in.wav", "trumpet", output=output))
        first, second, third = await asyncio.gather(
            *map(under_way.end, "abc"), return_exceptions=True
        )
        assert isinstance(second, RequestError) and "Another job will write" in second.message
        assert first is None and third is None
        await under_way.close()
        await ledger.close()

    asyncio.run(scene())

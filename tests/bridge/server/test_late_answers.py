import asyncio

import pytest

from bridge.jobs import RequestError
from bridge.server import late_answers
from bridge.server.late_answers import LateAnswers
from bridge.server.metrics import Metrics
from bridge.server.packets import read_packet, reply

MEANWHILE = reply("/umtn/preview", "a", "making")
THERE = reply("/umtn/preview", "a", "ready", "/a.wav")


class Place:
    """A place that answers go to."""

    def __init__(self):
        self.heard = []

    def send(self, packet):
        (message,) = read_packet(packet)
        self.heard.append((message.address, *message.arguments[:2]))


async def after(seconds, outcome=THERE):
    await asyncio.sleep(seconds)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def scene(work):
    async def all_of_it():
        await work(LateAnswers(Metrics()), Place())

    asyncio.run(all_of_it())


MAKING, READY = ("/umtn/preview", "a", "making"), ("/umtn/preview", "a", "ready")


def test_what_is_there_at_once_is_answered_alone():
    async def work(late, sent):
        await late.answer(sent, ("a",), MEANWHILE, after(0))
        assert sent.heard == [READY]
        with pytest.raises(RequestError):
            await late.answer(sent, ("a",), MEANWHILE, after(0, RequestError("model", "None.")))

    scene(work)


def test_what_takes_longer_is_answered_once_however_often_it_is_asked():
    async def work(late, sent):
        for _ in range(3):
            await late.answer(sent, ("a",), MEANWHILE, after(0.3))
        assert sent.heard == [MAKING] * 3
        await asyncio.sleep(0.4)
        assert sent.heard == [*[MAKING] * 3, READY]

    scene(work)


@pytest.mark.parametrize(
    ("outcome", "code"), [(RequestError("disk", "No."), "disk"), (ValueError("?"), "internal")]
)
def test_late_refusals_are_told_too(outcome, code):
    async def work(late, sent):
        await late.answer(sent, ("a",), MEANWHILE, after(0.2, outcome))
        await asyncio.sleep(0.2)
        assert sent.heard == [MAKING, ("/umtn/error", "a", code)]

    scene(work)


def test_who_has_gone_hears_nothing_and_who_waits_at_the_end_is_told():
    async def work(late, sent):
        gone = Place()
        await late.answer(gone, ("a",), MEANWHILE, after(0.3))
        await late.answer(sent, ("a",), MEANWHILE, after(5))
        late.forget(gone)
        await asyncio.sleep(0.4)
        await late.close()
        assert gone.heard == [MAKING]
        assert sent.heard == [MAKING, ("/umtn/error", "a", "busy")]

    scene(work)


def test_so_many_and_no_more_are_to_come(monkeypatch):
    monkeypatch.setattr(late_answers, "MOST_TO_COME", 1)

    async def work(late, sent):
        await late.answer(sent, ("a",), MEANWHILE, after(1))
        with pytest.raises(RequestError) as error:
            await late.answer(sent, ("b",), MEANWHILE, after(1))
        assert error.value.code == "busy"
        await late.close()

    scene(work)

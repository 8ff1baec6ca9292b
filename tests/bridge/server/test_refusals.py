from __future__ import annotations

import asyncio
import logging

import pytest

from bridge.server.refusals import Refusals


def test_a_flood_is_a_line_at_once_and_one_when_the_minute_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        refusals = Refusals(between=0.4)
        for number in range(10_000):
            refusals.note("wrong tokens" if number % 4 else "messages", f"10.0.0.{number % 100}")
        assert len(caplog.messages) == 1
        await asyncio.sleep(0.5)
        assert len(caplog.messages) == 2
        refusals.note("messages", "10.0.0.7")
        await asyncio.sleep(0.1)
        assert len(caplog.messages) == 2
        refusals.close()

    with caplog.at_level(logging.INFO):
        asyncio.run(scene())
    assert caplog.messages == [
        "refused messages (1); the last from 10.0.0.0",
        "refused wrong tokens (7500), messages (2499); the last from 10.0.0.99",
        "refused messages (1); the last from 10.0.0.7",
    ]


def test_a_quiet_minute_is_no_line_and_the_next_refusal_one_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        refusals = Refusals(between=0.05)
        refusals.note("messages", "10.0.0.1")
        await asyncio.sleep(0.2)
        assert len(caplog.messages) == 1
        refusals.note("messages", "10.0.0.1")
        assert len(caplog.messages) == 2
        refusals.close()

    asyncio.run(scene())
    assert len(caplog.messages) == 2

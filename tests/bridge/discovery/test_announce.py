from __future__ import annotations

import asyncio

import pytest
from zeroconf import Zeroconf
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from bridge.discovery.announce import OSC, OSCQUERY, Announcement


def test_a_browser_on_the_loopback_interface_finds_it() -> None:
    async def scene() -> None:
        announcement = Announcement(["127.0.0.1", "::1"], 19_471, 19_472, "umtn test bridge")
        if not await announcement.start():
            pytest.skip("no multicast on the loopback interface here")
        browser = AsyncZeroconf(interfaces=["127.0.0.1"])
        try:
            for kind, port in ((OSCQUERY, 19_472), (OSC, 19_471)):
                found = AsyncServiceInfo(kind, f"umtn test bridge.{kind}")
                assert await found.async_request(browser.zeroconf, 5_000)
                assert found.port == port
                assert found.parsed_addresses() == ["127.0.0.1"]
        finally:
            await announcement.stop()
            await browser.async_close()

    asyncio.run(scene())


def test_where_there_is_no_multicast_there_is_no_announcement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("no such device")

    monkeypatch.setattr(Zeroconf, "__init__", fails)
    assert asyncio.run(Announcement(["127.0.0.1"], 1, 2, "x").start()) is False

"""The client that waits: when it is open, and that nothing waits for ever where it is not."""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from collections.abc import Callable, Iterator

import pytest

from bridge.client import AsyncBridge, Bridge, BridgeError
from tests.bridge.conftest import Served, serving


@pytest.fixture
def served() -> Iterator[Served]:
    """A server in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = serving()
    try:
        yield asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    finally:
        ended = server.__aexit__(None, None, None)
        asyncio.run_coroutine_threadsafe(ended, loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def refused(bridge: Bridge) -> None:
    """Check that nothing can be asked, and that this is said at once and without a warning."""
    for ask in (bridge.ping, bridge.models, bridge.jobs, lambda: bridge.follow("a")):
        # A thread, for a client that waits for ever is to fail this test and not to stop it.
        said: list[BaseException] = []
        thread = threading.Thread(target=what_comes_of, args=(ask, said), daemon=True)
        thread.start()
        thread.join(5)
        (error,) = said
        assert isinstance(error, RuntimeError) and "is not open; use it within" in str(error)


def what_comes_of(ask: Callable[[], object], said: list[BaseException]) -> None:
    try:
        ask()
    except BaseException as error:
        said.append(error)


def test_one_that_is_not_open_says_so_and_can_be_opened_again(served: Served) -> None:
    bridge = Bridge("127.0.0.1", served.port)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused(bridge)
        bridge.__exit__()
        for _ in range(2):
            with bridge:
                assert bridge.ping().version == "1.2.3" and bridge.jobs() == []
                with pytest.raises(RuntimeError, match="open already"):
                    bridge.__enter__()
                assert bridge.ping().version == "1.2.3"
            bridge.__exit__()
            refused(bridge)


def test_one_at_several_addresses_is_chosen_anew_each_time(served: Served) -> None:
    bridge = Bridge("localhost", served.port)
    for _ in range(2):
        with bridge:
            assert bridge.ping().version == "1.2.3"
            assert len(bridge._bridge._link._sockets) == 1


def test_one_that_could_not_be_opened_can_be_tried_again(unused_port: int) -> None:
    bridge = Bridge("localhost", unused_port, timeout=0.5)
    for _ in range(2):
        with pytest.raises(BridgeError, match="There is no"):
            bridge.__enter__()
        refused(bridge)


def test_who_waits_while_another_thread_closes_it_is_told(served: Served) -> None:
    bridge = Bridge("127.0.0.1", served.port)
    said: list[str] = []
    with bridge:
        bridge.render("/in.wav", "flute", id="a")

        def following() -> None:
            try:
                bridge.follow("a")
            except RuntimeError as error:
                said.append(str(error))

        thread = threading.Thread(target=following, daemon=True)
        thread.start()
        time.sleep(0.3)
    thread.join(5)
    assert said and "closed by another thread" in said[0]


def test_what_is_called_while_it_follows_cannot_ask(served: Served) -> None:
    with Bridge("127.0.0.1", served.port) as bridge:
        bridge.render("/in.wav", "flute", id="a")
        said: list[str] = []

        def on_status(_: object) -> None:
            try:
                bridge.ping()
            except RuntimeError as error:
                said.append(str(error))

        bridge.cancel("a")
        bridge.follow("a", on_status)
        assert said and "within on_status" in said[0]


def test_the_one_under_asyncio_says_the_same(served: Served) -> None:
    async def scene() -> None:
        bridge = AsyncBridge("127.0.0.1", served.port)
        for _ in range(2):
            for ask in (bridge.ping, bridge.models, bridge.jobs, lambda: bridge.follow("a")):
                with pytest.raises(RuntimeError, match="is not open; use it within"):
                    await asyncio.wait_for(ask(), 2)
            async with bridge:
                assert (await bridge.ping()).version == "1.2.3"
                with pytest.raises(RuntimeError, match="open already"):
                    await bridge.__aenter__()
                assert (await bridge.ping()).version == "1.2.3"
            await bridge.__aexit__()

    asyncio.run(scene())


@pytest.mark.parametrize("token", ["a\ud800", "a\udcff" * 10, "\0" * 20])
def test_a_token_that_cannot_be_sent_is_one_sentence_that_can_be_printed(token: str) -> None:
    with pytest.raises(BridgeError) as refusal, Bridge("127.0.0.1", 9471, token=token):
        pass
    assert refusal.value.code == "bad_request"
    assert "token" in str(refusal.value).encode().decode()

"""A thread for calls that somebody waits for."""

from __future__ import annotations

import asyncio
import threading

import pytest

from bridge.jobs.accepting.waking_thread import WakingThread


def test_calls_are_done_in_their_order_by_one_thread():
    thread, seen = WakingThread("calls"), []

    def call(number):
        seen.append((number, threading.current_thread().name))
        return number * number

    futures = [thread.submit(call, number) for number in range(500)]
    assert [future.result(10) for future in futures] == [n * n for n in range(500)]
    thread.shutdown()
    assert seen == [(number, "calls") for number in range(500)]


def test_what_goes_wrong_is_told_to_whoever_waits():
    thread = WakingThread("calls")

    async def work():
        with pytest.raises(ZeroDivisionError):
            await asyncio.get_running_loop().run_in_executor(thread, lambda: 1 / 0)
        return await asyncio.get_running_loop().run_in_executor(thread, len, "goes on")

    assert asyncio.run(work()) == 7
    thread.shutdown()


def test_what_was_submitted_is_still_done_and_what_was_cancelled_is_not():
    thread, go_on = WakingThread("calls"), threading.Event()
    first, cancelled, last = (
        thread.submit(call) for call in (go_on.wait, go_on.clear, go_on.is_set)
    )
    assert cancelled.cancel()
    go_on.set()
    thread.shutdown()
    assert first.result() is True and last.result() is True
    with pytest.raises(OSError):
        thread.submit(print)

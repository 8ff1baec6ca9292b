from __future__ import annotations

import os
import signal
import sys

import pytest

from bridge.cli.stopping import stoppable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends itself signals")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_whatever_asks_to_stop_is_noticed_and_asks_nobody_afterwards(name: str) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with stoppable() as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
            signal.sigtimedwait([], 1)
    assert signal.getsignal(number) is before


def test_a_block_that_sees_to_all_is_never_interrupted() -> None:
    with stoppable(sees_to_all=True) as stop:
        for times in range(1, 5):
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.times == times


def test_a_closed_terminal_asks_nothing_of_what_outlives_it() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop()
    finally:
        signal.signal(signal.SIGHUP, before)

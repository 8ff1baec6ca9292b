from __future__ import annotations

import io

import pytest
from rich.console import Console

from bridge.cli import progress
from bridge.cli.progress import Bars, Lines, meter


def test_a_pipe_gets_plain_lines_and_quiet_nothing() -> None:
    assert isinstance(meter(), Lines)
    assert not isinstance(meter(quiet=True), (Lines, Bars))


def test_a_terminal_gets_bars_with_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert isinstance(meter(), Bars)
    screen = io.StringIO()
    with Bars(Console(file=screen, force_terminal=True, width=100)) as bars:
        bars.update("a[b].wav", 0.25, 1.0)
    shown = screen.getvalue()
    assert "a[b].wav" in shown
    assert "25 %" in shown
    assert "left" in shown


def test_lines_come_now_and_then_with_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 1.0, progress.PATIENCE_S, progress.PATIENCE_S + 1.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    lines = Lines()
    for done in (0, 1, 10, 11):
        lines.update("flute.wav", done, 100)
    assert capsys.readouterr().err == "flute.wav: 10 %, 1:30 left\n"

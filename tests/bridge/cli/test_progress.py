from __future__ import annotations

import io

import pytest
from rich.console import Console

from bridge.cli.progress import PATIENCE, PATIENCE_S, Bars, Lines, meter


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


def updates(monkeypatch: pytest.MonkeyPatch, *all_of_them: tuple[float, float]) -> None:
    """Say at these times that so much of a hundred is done."""
    times = iter([time for time, _ in all_of_them])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    lines = Lines()
    for _, done in all_of_them:
        lines.update("flute.wav", done, 100)


def test_lines_come_now_and_then_with_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    updates(monkeypatch, (0.0, 0), (1.0, 1), (PATIENCE_S, 10), (PATIENCE_S + 1.0, 11))
    assert PATIENCE_S == 10
    # Nine hundredths took nine seconds, so the other ninety take ninety.
    assert capsys.readouterr().err == "flute.wav: 10 %, 1:30 left\n"


def test_the_time_left_is_not_said_before_there_is_something_to_go_by(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # It waits for 15 seconds, is at 5 % at once, and takes a second for every 5 % from there on.
    waited = [(float(second), 0.0) for second in range(15)]
    updates(monkeypatch, *waited, *((15.0 + n, 5.0 + 5 * n) for n in range(12)))
    assert capsys.readouterr().err == "flute.wav: 5 %\nflute.wav: 55 %, 0:09 left\n"


def test_what_stands_still_has_no_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    updates(monkeypatch, (0.0, 5), (12.0, 5), (24.0, 5))
    assert capsys.readouterr().err == 2 * "flute.wav: 5 %\n"


@pytest.mark.parametrize(("told", "lines"), [("", 1), ("abc", 1), ("nan", 1), ("5", 2), ("1e9", 0)])
def test_the_time_between_lines_can_be_told(
    told: str, lines: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(PATIENCE, told)
    updates(monkeypatch, (0.0, 0), (6.0, 6), (12.0, 12))
    assert len(capsys.readouterr().err.splitlines()) == lines


def test_a_name_of_several_lines_is_shown_on_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(PATIENCE, "0")
    Lines().update("a\nb\x1b[31m.wav", 1, 2)
    assert capsys.readouterr().err == "a\\nb\\x1b[31m.wav: 50 %\n"
    screen = io.StringIO()
    with Bars(Console(file=screen, force_terminal=True, width=100)) as bars:
        bars.update("a\nb\x1b[31m\udce9.wav", 0.25, 1.0)
    assert "a\\nb\\x1b[31m\\udce9.wav" in screen.getvalue()

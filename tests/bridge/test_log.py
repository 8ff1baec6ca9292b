from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.log import JsonLines, begin_log


def record(message: str, **extra: str) -> logging.LogRecord:
    found = logging.makeLogRecord({"msg": "%s", "args": (message,), "levelname": "INFO"})
    vars(found).update(extra)
    return found


@given(st.text(st.characters()), st.text())
def test_an_entry_is_one_line_in_order_and_tells_the_text_as_it_is(text: str, id: str) -> None:
    line = JsonLines().format(record(text, id=id))
    assert len(line.splitlines()) == 1
    assert not set(line) & set("\u202a\u202d\u202e\u2066\u2067\u200f\x85\x1b")
    line.encode()
    entry = json.loads(line)
    assert (entry["message"], entry["id"]) == (text, id)


def test_a_name_that_turns_lines_round_is_written_out_on_the_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "take\u202evaw.1\u2028\x1b[2J\udcff"
    root = logging.getLogger("bridge")
    before = root.handlers[:], root.level, root.propagate
    try:
        begin_log(tmp_path / "log")
        root.warning("%s cannot be read", name)
    finally:
        root.handlers[:], root.level, root.propagate = before
    assert capsys.readouterr().err == (
        "umtn: take\\u202evaw.1\\u2028\\x1b[2J\\udcff cannot be read\n"
    )
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert json.loads(line)["message"] == f"{name} cannot be read"


def test_what_strangers_can_cause_is_written_down_once_a_minute(tmp_path: Path) -> None:
    loggers = [logging.getLogger(name) for name in ("bridge", "aiohttp", "asyncio", "zeroconf")]
    before = [(each.handlers[:], each.filters[:], each.level, each.propagate) for each in loggers]
    try:
        begin_log(tmp_path / "log")
        for number in range(1_000):
            loggers[1].warning("odd request %d\n", number)
            loggers[2].warning("odd connection %d", number)
        began_log = logging.LogRecord("aiohttp", logging.WARNING, "", 0, "later", (), None)
        began_log.created += 61.0
        loggers[1].handle(began_log)
    finally:
        for each, (handlers, filters, level, propagate) in zip(loggers, before, strict=True):
            each.handlers[:], each.filters[:] = handlers, filters
            each.level, each.propagate = level, propagate
    entries = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [(entry["message"], entry.get("left_out")) for entry in entries] == [
        ("odd request 0\n", None),
        ("odd connection 0", None),
        ("later", 999),
    ]

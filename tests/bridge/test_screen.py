from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from bridge.activity import Activity
from bridge.jobs import Job, RenderRequest
from bridge.screen import Lines, Screen

NAME = "take\u202evaw.1\u2028 \u05e9\u05d9\u05e8 \u00fc.wav"
SHOWN = "take\\u202evaw.1\\u2028 \u05e9\u05d9\u05e8 \u00fc.wav"


def job(state: str, **what: Any) -> Job:
    request = RenderRequest("a\u202eb", f"/music/{NAME}", "trumpet")
    return Job(request.id, request, state, **what)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ended", "line"),
    [
        (job("running"), f"a\\u202eb: running, {SHOWN} on trumpet"),
        (job("done", output=f"/music/{NAME}"), f"a\\u202eb: done, /music/{SHOWN}"),
        (job("failed", message=f"{NAME} is empty."), f"a\\u202eb: failed, {SHOWN} is empty."),
    ],
)
def test_a_line_stays_one_whatever_a_file_is_called(capsys: Any, ended: Job, line: str) -> None:
    Lines({}).changed(ended)
    assert capsys.readouterr().err == f"{line}\n"


def test_the_screen_keeps_its_lines_whatever_a_file_is_called() -> None:
    activity = Activity([])
    activity.running["a"] = job("running")
    activity.ended["b"] = job("failed", message=f"{NAME} is empty.")
    address = SimpleNamespace(version="1")
    app: Any = SimpleNamespace(activity=activity, address=address)
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(Screen({"Files": f"/music/{NAME}"}, app).draw())
    shown = console.export_text()
    assert shown.count(SHOWN) == 4
    assert not set(shown) & {"\u202e", "\u2028"}

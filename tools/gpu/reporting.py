"""A pytest plugin that reports as `tools.gpu.attempts` asks: `pytest -p tools.gpu.reporting`.

A test in which the GPU failed takes the device away from its process: the session ends then, and
the next one goes on.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tools.gpu.attempts import REPORT, append, begun
from tools.gpu.verdict import LOST

_report = Path(os.environ[REPORT])
_lost = False


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """List the tests, and leave out those that were begun before."""
    known = begun(_report)
    append(_report, listed=[item.nodeid for item in items])
    gone = [item for item in items if item.nodeid in known]
    items[:] = [item for item in items if item.nodeid not in known]
    config.hook.pytest_deselected(items=gone)


def pytest_runtest_logstart(nodeid: str) -> None:
    """Say that a test begins."""
    append(_report, begun=nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Any:
    """Say how a test ended: once, by its first part that did not pass."""
    global _lost
    report = yield
    if report.when == "call" or not report.passed:
        text = report.longreprtext if report.failed else _reason(report)
        append(_report, done=item.nodeid, outcome=report.outcome, text=text[-6000:])
        if report.failed and any(sign in text for sign in LOST):
            _lost = True
            item.session.shouldstop = "the GPU has failed; the rest is for a new process"
    return report


def pytest_sessionfinish() -> None:
    """Say that all was done."""
    if not _lost:
        append(_report, over=True)


def _reason(report: Any) -> str:
    if report.skipped and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(report.longrepr or "")

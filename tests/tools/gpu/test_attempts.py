import os
import sys
import time

import pytest

from tools.gpu.attempts import append, attempt, begun

#: Works through items as a test or a plan does; what an item does is in its name.
PROGRAM = """
import os, sys, time
from pathlib import Path
from tools.gpu.attempts import REPORT, append, begun
report = Path(os.environ[REPORT])
known = begun(report)
append(report, listed=sys.argv[1:])
for item in sys.argv[1:]:
    if item in known:
        continue
    append(report, begun=item)
    print("at", item, flush=True)
    if "hang" in item:
        time.sleep(60)
    if "die" in item:
        os._exit(7)
    append(report, done=item, outcome="passed")
append(report, over=True)
"""


@pytest.fixture
def tried(tmp_path):
    def run(*items, program=PROGRAM, each=1.0, start=20.0, seconds=60.0):
        return attempt(
            [sys.executable, "-c", program, *items], tmp_path / "report", tmp_path / "log",
            each=each, start=start, seconds=seconds, environment={**os.environ, "PYTHONPATH": "."},
        )  # fmt: skip

    return run


def test_an_item_that_hangs_or_dies_costs_no_other(tried, tmp_path):
    account = tried("first", "hang", "second", "die", "third")
    assert list(account.done) == ["first", "second", "third"]
    assert account.lost == {
        "hang": "there was no answer for 1 s", "die": "the program ended with status 7",
    }  # fmt: skip
    assert account.over and not account.why
    assert account.listed == ["first", "hang", "second", "die", "third"]
    assert (tmp_path / "log").read_text().count("at ") == 5


def test_when_the_time_is_up_what_was_not_begun_is_left(tried):
    began = time.monotonic()
    account = tried("first", "hang", "second", each=30.0, seconds=3.0)
    assert time.monotonic() - began < 10
    assert list(account.done) == ["first"] and not account.over
    assert not account.lost  # it may not have hung at all
    assert account.why == "the time was up"


def test_a_program_that_begins_nothing_is_not_started_for_ever(tried, tmp_path):
    account = tried(program="print('no such module'); raise SystemExit(3)")
    assert not account.over and account.why == "the program ended with status 3"
    assert (tmp_path / "log").read_text() == "no such module\n"


def test_a_program_that_does_not_begin_is_ended(tried):
    account = tried(program="import time; time.sleep(60)", start=1.0)
    assert account.why == "there was no answer for 1 s"


def test_a_line_that_is_still_being_written_is_left_for_later(tmp_path):
    report = tmp_path / "report"
    append(report, begun="whole")
    with report.open("a") as file:
        file.write('{"begun": "ha')
    assert begun(report) == {"whole"}

"""Room for connections beside everything else that is open."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
from bridge.server.descriptors import connections_at_once
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(connections_at_once(wanted), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "room", "after"),
    [
        (256, 1_000, 256, 256, 576),  # raised as far as it is needed
        (256, 500, 256, 180, 500),  # and as far as it may be
        (256, 256, 256, 64, 256),
        (900, 1_000, 256, 256, 900),  # never lowered
        (100, 100, 256, 25, 100),
    ],
)
def test_the_limit_is_raised_or_fewer_come_in(
    soft: int, hard: int, wanted: int, room: int, after: int
) -> None:
    words = [sys.executable, "-c", PROGRAM, *map(str, (soft, hard, wanted))]
    found = subprocess.run(words, capture_output=True, text=True, check=True)
    assert found.stdout.split() == [str(room), str(after)]

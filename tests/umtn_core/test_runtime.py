from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Opens no session: telemetry begins with the import, on a thread of its own.
IMPORTED = "import umtn_core.runtime, time; time.sleep(0.5)"


def imported(home: Path) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "ORT_DISABLE_TELEMETRY" and not name.startswith("XDG_")
    }
    return subprocess.run(
        [sys.executable, "-c", IMPORTED],
        cwd=ROOT,
        env={**kept, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )


def test_onnxruntime_keeps_nothing_of_who_uses_it(tmp_path: Path) -> None:
    assert imported(tmp_path).stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder that nobody can write to")
def test_a_home_that_cannot_be_written_to_is_nothing_to_complain_about() -> None:
    assert imported(Path("/proc")).stderr == ""

"""Steinberg's validator at its strictest, where there is one: no package manager brings it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

VALIDATOR = os.environ.get("UMTN_VST3_VALIDATOR") or shutil.which("validator")


@pytest.mark.skipif(
    VALIDATOR is None, reason="needs the validator of the VST3 SDK, as UMTN_VST3_VALIDATOR"
)
def test_the_validator_has_no_complaint(vst3: Path, tmp_path: Path) -> None:
    assert VALIDATOR
    done = subprocess.run(
        [VALIDATOR, "-e", vst3],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert " 0 tests failed" in done.stdout, done.stdout[-3000:]

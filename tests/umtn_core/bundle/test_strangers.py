"""Bundles that somebody made to do harm: refused in a sentence, soon, in little memory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.umtn_core.bundle.strangers import CASES
from tests.umtn_core.conftest import SHAPES
from umtn_core.bundle import write_bundle

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")

#: Opens one bundle after another; says of each what came of it, and how long it took, and at the
#: end the most memory. What would fill the machine, or wait for ever, is stopped.
OPENER = """
import json, resource, signal, sys, time
from umtn_core.bundle import Bundle
from umtn_core.errors import UmtnError

def status(key):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))

def too_late(*_):
    raise TimeoutError("it waits for ever")

most = status("VmSize") + 2**29
resource.setrlimit(resource.RLIMIT_AS, (most, most))
signal.signal(signal.SIGALRM, too_late)
for path in sys.argv[1:]:
    signal.setitimer(signal.ITIMER_REAL, 30)
    begun = time.process_time()
    try:
        Bundle.open(path)
        said = "opened"
    except UmtnError as error:
        said = str(error)
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(json.dumps([said, time.process_time() - begun, status("VmHWM")]), flush=True)
"""


@pytest.fixture(scope="module")
def opened(
    tmp_path_factory: pytest.TempPathFactory, random_bundle
) -> dict[str, tuple[str, float, int]]:
    """Open all of them in one process: what was said, seconds of the processor, bytes by then."""
    bundle = random_bundle(SHAPES["embedding"])
    graphs = {name: bundle.contents(name) for name in bundle.manifest.graph_files}
    base = tmp_path_factory.mktemp("strangers")
    good = write_bundle(base / "good", bundle.manifest, graphs)
    paths = []
    for name, (spoil, _) in CASES.items():
        (base / name).mkdir()
        paths.append(spoil(Path(shutil.copytree(good, base / name / "model"))))
    command = [sys.executable, "-c", OPENER, str(good), *map(str, paths)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert ran.returncode == 0, ran.stderr
    lines = [tuple(json.loads(line)) for line in ran.stdout.splitlines()]
    assert lines[0][0] == "opened"
    return {
        name: (said.replace(str(path), "it"), seconds, peak)
        for name, path, (said, seconds, peak) in zip(CASES, paths, lines[1:], strict=True)
    }


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_in_a_sentence(name, opened):
    said, seconds, peak = opened[name]
    words = CASES[name][1]
    assert words in said
    assert said.endswith(".") and len(said) < 1000
    assert said.isprintable()
    assert seconds < 1
    assert peak < 200e6

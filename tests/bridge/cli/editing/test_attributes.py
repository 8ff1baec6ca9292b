"""What a file has beside its content, on another file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from bridge.cli.editing.attributes import copy_attributes

NEEDS_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
)
#: Of version 2: the owner reads and writes, user 1234 reads, the mask lets them read and write.
ACL = bytes.fromhex(
    "02000000" "0100 0600 ffffffff" "0200 0400 d2040000" "0400 0000 ffffffff"
    "1000 0600 ffffffff" "2000 0000 ffffffff"
)  # fmt: skip


def copied(source: Path, target: Path) -> os.stat_result:
    with source.open("rb") as theirs, target.open("wb") as ours:
        copy_attributes(theirs.fileno(), ours.fileno())
    return target.stat()


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("old", "new"):
        (tmp_path / name).touch()
    return tmp_path / "old", tmp_path / "new"


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o664, 0o777, 0o444])
def test_the_mode_is_kept(mode: int, pair: tuple[Path, Path]) -> None:
    pair[0].chmod(mode)
    assert stat.S_IMODE(copied(*pair).st_mode) == mode


@NEEDS_ROOT
def test_owner_and_group_are_kept(pair: tuple[Path, Path]) -> None:
    os.chown(pair[0], 1234, 2345)
    found = copied(*pair)
    assert (found.st_uid, found.st_gid) == (1234, 2345)


@NEEDS_ROOT
def test_a_group_that_cannot_be_kept_lets_no_other_one_in(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> None:
        raise PermissionError

    os.chown(pair[0], 1234, 2345)
    pair[0].chmod(0o664)
    monkeypatch.setattr(os, "fchown", denied)
    assert stat.S_IMODE(copied(*pair).st_mode) == 0o644


def attributes(path: Path) -> dict[str, bytes]:
    return {name: os.getxattr(path, name) for name in os.listxattr(path)}


def test_extended_attributes_are_kept_and_no_others(pair: tuple[Path, Path]) -> None:
    try:
        os.setxattr(pair[0], "user.origin", b"studio A")
        os.setxattr(pair[1], "user.of.the.folder", b"x")
    except (AttributeError, OSError):
        pytest.skip("there are no extended attributes here")
    copied(*pair)
    assert attributes(pair[1]) == attributes(pair[0]) != {}


def test_access_control_lists_are_kept_and_no_others(pair: tuple[Path, Path]) -> None:
    try:
        os.setxattr(pair[0], "system.posix_acl_access", ACL)
    except (AttributeError, OSError):
        pytest.skip("there are no access control lists here")
    found = copied(*pair)
    assert attributes(pair[1]) == attributes(pair[0]) != {}
    assert found.st_mode == pair[0].stat().st_mode
    os.removexattr(pair[0], "system.posix_acl_access")
    pair[0].chmod(0o640)
    assert stat.S_IMODE(copied(*pair).st_mode) == 0o640
    assert not attributes(pair[1])

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bridge.discovery.address_file import (
    VARIABLE,
    Address,
    address_file,
    prepare_address_file,
    read_address,
    remove_address,
    write_address,
)
from umtn_core.errors import UmtnError

as_root = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give files away"
)
on_posix = pytest.mark.skipif(not hasattr(os, "getuid"), reason="has other rights")


def address(pid: int) -> Address:
    return Address(
        1, "1.2.3", pid, "127.0.0.1", 9471, 9472, "/sessions", "2026-01-01T00:00:00", "secret" * 4
    )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "run" / "bridge.json"))
    return tmp_path / "run" / "bridge.json"


def test_it_is_in_the_users_run_time_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert address_file().parts[-2:] == ("umtn", "bridge.json")


def test_what_is_written_is_read_by_this_user_alone(place: Path) -> None:
    assert read_address() is None
    write_address(address(os.getpid()))
    assert read_address() == address(os.getpid())
    if sys.platform != "win32":
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert list(place.parent.iterdir()) == [place]
    remove_address(address(os.getpid()))
    assert not place.exists()


def test_one_that_was_left_behind_is_none(place: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    write_address(address(gone.pid))
    assert read_address() is None
    remove_address(address(gone.pid))
    assert place.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_one_that_makes_no_sense_is_none(place: Path, text: str) -> None:
    place.parent.mkdir()
    place.write_text(text)
    assert read_address() is None


@pytest.mark.parametrize(
    "changes",
    [{"pid": 2**31}, {"pid": 2**62}, {"pid": 0}, {"pid": -1}, {"port": 99_999}, {"http_port": -1}],
)
def test_one_with_numbers_that_nothing_has_is_none(place: Path, changes: dict[str, int]) -> None:
    whole = address(os.getpid())
    write_address(whole)
    assert read_address() == whole
    write_address(msgspec.structs.replace(whole, **changes))
    assert read_address() is None


def test_another_bridges_file_is_not_removed(place: Path) -> None:
    own = address(os.getpid())
    for other in (
        address(os.getppid()),
        # In a container the next bridge has the same number.
        msgspec.structs.replace(own, started="2026-01-01T00:00:01"),
        msgspec.structs.replace(own, token="another" * 4),
    ):
        write_address(other)
        remove_address(own)
        assert place.exists()


@as_root
def test_one_that_another_user_made_is_none(place: Path) -> None:
    write_address(address(os.getpid()))
    os.chown(place, 12345, 12345)
    assert read_address() is None


@on_posix
@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_one_that_others_may_have_written_is_none(place: Path, mode: int) -> None:
    write_address(address(os.getpid()))
    place.chmod(mode)
    assert read_address() is None


@on_posix
def test_a_pipe_in_its_place_is_not_waited_for(place: Path) -> None:
    place.parent.mkdir()
    os.mkfifo(place)
    assert read_address() is None


@as_root
def test_one_whose_number_another_users_process_has_by_now_is_none(place: Path) -> None:
    other = subprocess.Popen(["sleep", "60"], user=12345)
    try:
        write_address(address(other.pid))
        assert read_address() is None
    finally:
        other.kill()
        other.wait()


def test_one_of_an_older_bridge_has_no_token(place: Path) -> None:
    older = msgspec.to_builtins(address(os.getpid()))
    del older["token"], older["hosts"]
    place.parent.mkdir()
    place.write_bytes(msgspec.json.encode(older))
    place.chmod(0o600)
    found = read_address()
    assert found is not None and found.token == ""


def test_only_what_the_bridge_listens_on_is_the_bridge() -> None:
    one = msgspec.structs.replace(address(1), hosts=("127.0.0.1", "10.0.0.7"))
    assert one.listens_on("127.0.0.1", 9471) and one.listens_on("10.0.0.7", 9471)
    assert not one.listens_on("127.0.0.1", 9472)
    # Another user may listen there.
    assert not one.listens_on("::1", 9471)


@on_posix
@pytest.mark.parametrize("mode", [0o720, 0o702])
def test_it_is_put_into_no_folder_that_others_can_change(
    place: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    for folder in (place.parent, place.parent / "below"):
        folder.mkdir()
    place.parent.chmod(mode)
    for named in (place, place.parent / "below" / "bridge.json"):
        monkeypatch.setenv(VARIABLE, str(named))
        with pytest.raises(UmtnError, match=rf"Other users can change {place.parent},.*{VARIABLE}"):
            write_address(address(os.getpid()))
        assert not named.exists()
    # As /tmp is: there nobody can take away what is another's.
    place.parent.chmod(mode | stat.S_ISVTX)
    write_address(address(os.getpid()))
    assert read_address() is not None


@as_root
@pytest.mark.parametrize("is_link", [False, True])
def test_it_is_put_into_no_folder_of_another_user(
    tmp_path: Path, place: Path, is_link: bool
) -> None:
    theirs = tmp_path / "theirs" if is_link else place.parent
    theirs.mkdir()
    os.chown(theirs, 12345, 12345)
    if is_link:
        place.parent.symlink_to(theirs)
    with pytest.raises(UmtnError, match=f"Other users can change {theirs},"):
        write_address(address(os.getpid()))
    assert not list(theirs.iterdir())


@on_posix
def test_its_own_folder_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run").mkdir(mode=0o700)
    (tmp_path / "run" / "umtn").mkdir()
    (tmp_path / "run" / "umtn").chmod(0o775)
    write_address(address(os.getpid()))
    assert address_file().parent == tmp_path / "run" / "umtn"
    assert stat.S_IMODE((tmp_path / "run" / "umtn").stat().st_mode) == 0o700
    assert read_address() == address(os.getpid())


def test_where_there_is_no_safe_place_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsafe(*_: object, **__: object) -> Path:
        raise PermissionError("runtime directory is owned by another user")

    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr("platformdirs.user_runtime_path", unsafe)
    assert read_address() is None
    with pytest.raises(UmtnError, match=f"owned by another user.*{VARIABLE}"):
        write_address(address(os.getpid()))


def test_a_file_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "bridge.json"))
    with pytest.raises(UmtnError, match=VARIABLE):
        write_address(address(1))


def contents(path: Path) -> object:
    return os.readlink(path) if path.is_symlink() else path.is_file() and path.read_bytes()


@on_posix
@pytest.mark.parametrize(
    "what", ["text", "JSON", "a later JSON", "a link", "a dead link", "a folder", "a pipe"]
)
def test_nothing_of_the_users_is_replaced_or_removed(place: Path, what: str) -> None:
    place.parent.mkdir()
    target = place.parent / "target"
    if what in ("text", "a link"):
        (place if what == "text" else target).write_text("Shopping: milk")
    elif what.endswith("JSON"):
        place.write_text('{"pid": 1, "port": 2}' if what == "JSON" else "[1, 2]")
    elif what == "a folder":
        place.mkdir()
    elif what == "a pipe":
        os.mkfifo(place)
    if what.endswith("link"):
        place.symlink_to(target)
    before = place.lstat(), contents(place)
    for refusing in (prepare_address_file, lambda: write_address(address(os.getpid()))):
        with pytest.raises(UmtnError, match=rf"in the place of {place}, .*{VARIABLE}"):
            refusing()
    remove_address(address(os.getpid()))
    assert (place.lstat(), contents(place)) == before
    assert not list(place.parent.glob(".*"))


@as_root
def test_a_file_of_another_user_is_not_replaced(place: Path) -> None:
    write_address(address(1))
    os.chown(place, 12345, 12345)
    with pytest.raises(UmtnError, match="another user's"):
        write_address(address(os.getpid()))


@pytest.mark.parametrize("left", [b"", bytes(300), b"older", b"newer"])
def test_what_a_bridge_left_is_replaced(place: Path, left: bytes) -> None:
    whole = msgspec.to_builtins(address(1))
    if left == b"older":
        del whole["token"], whole["hosts"]
    elif left == b"newer":
        del whole["http_port"]
        whole["room"] = "new"
    place.parent.mkdir()
    place.write_bytes(msgspec.json.encode(whole) if left in (b"older", b"newer") else left)
    write_address(address(os.getpid()))
    assert read_address() == address(os.getpid())


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The run-time folder of a user who has none but in the place of /tmp."""
    import tempfile

    for name in (VARIABLE, "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    folder = tmp_path / f"runtime-{os.getuid()}"
    if address_file() != folder / "umtn" / "bridge.json":
        pytest.skip("the system has made this user a run-time folder")
    return folder


@on_posix
@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077])
@pytest.mark.parametrize("is_named", [False, True])
def test_what_it_makes_is_closed_whatever_the_umask_is(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, umask: int, is_named: bool
) -> None:
    if is_named:
        monkeypatch.setenv(VARIABLE, str(temporary / "umtn" / "bridge.json"))
    before = os.umask(umask)
    try:
        write_address(address(os.getpid()))
    finally:
        os.umask(before)
    for folder in (temporary, temporary / "umtn"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert read_address() == address(os.getpid())


@on_posix
@pytest.mark.parametrize("mode", [0o775, 0o777])
def test_a_run_time_folder_that_a_bridge_made_too_wide_is_closed(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    (temporary / "umtn").mkdir(parents=True)
    (temporary / "umtn").chmod(mode)
    temporary.chmod(mode)
    write_address(address(os.getpid()))
    assert stat.S_IMODE(temporary.stat().st_mode) == 0o700
    assert read_address() == address(os.getpid())
    # What is not the bridge's alone is not the bridge's to close.
    (temporary / "others").touch()
    temporary.chmod(mode)
    with pytest.raises(UmtnError, match=rf"can change {temporary}, .*`chmod 700 {temporary}`"):
        write_address(address(os.getpid()))
    assert stat.S_IMODE(temporary.stat().st_mode) == mode
    # Where there is another run-time folder, nobody minds.
    (temporary.parent / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(temporary.parent / "run"))
    write_address(address(os.getpid()))
    assert address_file().parent == temporary.parent / "run" / "umtn"

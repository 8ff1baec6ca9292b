import io
import tarfile

import pytest

from tests.umtn_core.data.packed import pack, spoil
from umtn_core.data.collection import SPOOL, open_collection
from umtn_core.errors import UmtnError


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "set"
    for name in ("b/two.bin", "a/one.bin", "list.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode() * 1000)
    return root


@pytest.mark.parametrize("kind", ["folder", "set.tar.gz", "set.zip"])
def test_all_files_are_listed_and_any_can_be_had(folder, tmp_path, kind):
    top = "" if kind == "folder" else "set/"
    path = folder if kind == "folder" else pack(folder, tmp_path / kind)
    collection = open_collection(path)
    contents = collection.contents(lambda name: name.endswith(".txt"))
    assert [item.name for item in contents.items] == [
        f"{top}a/one.bin", f"{top}b/two.bin", f"{top}list.txt",
    ]  # fmt: skip
    assert [item.size for item in contents.items] == [9000, 9000, 8000]
    assert contents.texts == {f"{top}list.txt": b"list.txt" * 1000}
    store = tmp_path / "store"
    found = {name: file.read_bytes() for name, file in collection.files({f"{top}b/two.bin"}, store)}
    assert found == {f"{top}b/two.bin": b"b/two.bin" * 1000}
    assert list(collection.files(set(), tmp_path / "untouched")) == []
    assert not (tmp_path / "untouched").exists()


@pytest.mark.parametrize("kind", ["cut off", "changed"])
@pytest.mark.parametrize("name", ["set.tar.gz", "set.zip"])
def test_a_damaged_archive_is_named(folder, tmp_path, name, kind):
    archive = pack(folder, tmp_path / name)
    spoil(archive, kind)
    with pytest.raises(UmtnError, match=r"damaged or cut off|neither a folder"):
        open_collection(archive).contents(lambda name: False)


def test_a_changed_checksum_at_the_very_end_is_seen(folder, tmp_path):
    archive = pack(folder, tmp_path / "set.tar.gz")
    whole = bytearray(archive.read_bytes())
    whole[-5] ^= 0xFF
    archive.write_bytes(whole)
    with pytest.raises(UmtnError, match="damaged"):
        open_collection(archive).contents(lambda name: False)


def test_links_and_paths_that_lead_out_make_no_files_outside(tmp_path):
    archive = tmp_path / "evil.tar"
    with tarfile.open(archive, "w") as packed:
        link = tarfile.TarInfo("link.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        packed.addfile(link)
        member = tarfile.TarInfo("../../out.wav")
        member.size = 3
        packed.addfile(member, io.BytesIO(b"abc"))
    collection, store = open_collection(archive), tmp_path / "deep" / "er" / "store"
    names = {item.name for item in collection.contents(lambda name: False).items}
    assert len(names) == 1
    for _, file in collection.files(names, store):
        assert file.parent == store / SPOOL
    assert not list(tmp_path.rglob("out.wav"))


@pytest.mark.parametrize("content", [None, b"", b"no archive at all" * 100])
def test_what_is_no_collection(tmp_path, content):
    if content is not None:
        (tmp_path / "thing").write_bytes(content)
    with pytest.raises(UmtnError, match="thing"):
        open_collection(tmp_path / "thing")

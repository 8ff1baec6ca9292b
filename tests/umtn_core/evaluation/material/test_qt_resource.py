import shutil
import struct
import subprocess
import zlib

import numpy as np
import pytest

from umtn_core.errors import UmtnError
from umtn_core.evaluation.material.fetching import unpack_debian
from umtn_core.evaluation.material.qt_resource import read_qt_resource


def resource(version=3, flags=(0, 1), payloads=(b"first", b"second" * 50)):
    """A tree ``sounds/{a.ogg, b.ogg}``, written as Qt's ``rcc`` does."""
    names, offsets = b"", []
    for name in ("sounds", "a.ogg", "b.ogg"):
        offsets.append(len(names))
        names += struct.pack(">HI", len(name), 12345) + name.encode("utf-16-be")
    data, places = b"", []
    for flag, payload in zip(flags, payloads, strict=True):
        stored = struct.pack(">I", len(payload)) + zlib.compress(payload) if flag & 1 else payload
        places.append(len(data))
        data += struct.pack(">I", len(stored)) + stored
    stamp = b"" if version == 1 else struct.pack(">Q", 0)
    tree = struct.pack(">IHII", 0, 2, 1, 1) + stamp
    tree += struct.pack(">IHII", offsets[0], 2, 2, 2) + stamp
    for k in (0, 1):
        tree += struct.pack(">IHHHI", offsets[1 + k], flags[k], 0, 0, places[k]) + stamp
    start = 24
    header = struct.pack(
        ">4s5I", b"qres", version, start, start + len(tree), start + len(tree) + len(data), 0
    )
    return header + tree + data + names


@pytest.mark.parametrize("version", [1, 2, 3])
def test_reads_plain_and_compressed_files_with_their_paths(version):
    assert read_qt_resource(resource(version)) == {
        "sounds/a.ogg": b"first",
        "sounds/b.ogg": b"second" * 50,
    }


@pytest.mark.parametrize("content", [b"", b"qres", b"RIFF" + bytes(40), resource(9)])
def test_refuses_what_is_no_resource(content):
    with pytest.raises(UmtnError, match="not a Qt resource"):
        read_qt_resource(content)


def test_refuses_a_damaged_one():
    whole = bytearray(resource())
    at = whole.index(zlib.compress(b"second" * 50))
    whole[at : at + 4] = b"junk"
    with pytest.raises(UmtnError, match="damaged"):
        read_qt_resource(bytes(whole))
    with pytest.raises(UmtnError, match=r"damaged|cut off"):
        read_qt_resource(resource()[:100])


def test_refuses_a_loop():
    whole = bytearray(resource())
    # The folder's first child becomes the folder itself.
    struct.pack_into(">I", whole, 24 + 22 + 10, 1)
    with pytest.raises(UmtnError, match="loop"):
        read_qt_resource(bytes(whole))


def test_names_a_compression_it_does_not_know():
    with pytest.raises(UmtnError, match="Zstandard"):
        read_qt_resource(resource(flags=(0, 4)))


@pytest.fixture(scope="module")
def rcc(tmp_path_factory):
    """Qt's own compiler of resources: this system's, or Debian's, unpacked."""
    program = shutil.which("rcc")
    try:
        if not program:
            package = unpack_debian("qtbase5-dev-tools", tmp_path_factory.mktemp("qt"))
            program = str(package / "usr/lib/qt5/bin/rcc")
        subprocess.run([program, "--version"], check=True, capture_output=True)
    except (UmtnError, OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no rcc to compare with: {error}")
    return program


FILES = {
    "plain.txt": b"a few bytes",
    "empty.bin": b"",
    "sounds/tone.ogg": bytes(range(256)) * 300,
    "sounds/deeper/noise.ogg": np.random.default_rng(0).bytes(50_000),
    "sounds/déjà vu 音.ogg": b"named in other letters" * 100,
}


def compiled(rcc, folder, *options):
    """Have rcc write `FILES` as one binary resource."""
    for name, contents in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(contents)
    listed = "".join(f"<file>{name}</file>" for name in FILES)
    source, container = folder / "all.qrc", folder / "all.rcc"
    source.write_text(
        f'<RCC><qresource prefix="/of/umtn">{listed}</qresource></RCC>', encoding="utf-8"
    )
    subprocess.run([rcc, "--binary", *options, "-o", str(container), str(source)], check=True)
    return container.read_bytes()


@pytest.mark.long
@pytest.mark.parametrize("version", ["1", "2", "3"])
@pytest.mark.parametrize(
    "how",
    [
        ["--no-compress"],
        ["--compress-algo", "zlib"],
        ["--compress-algo", "zlib", "--compress", "9"],
    ],
)
def test_reads_what_qt_has_written(rcc, tmp_path, version, how):
    container = compiled(rcc, tmp_path, "--format-version", version, *how)
    assert read_qt_resource(container) == {
        f"of/umtn/{name}": contents for name, contents in FILES.items()
    }


@pytest.mark.long
def test_refuses_what_qt_has_compressed_with_zstandard(rcc, tmp_path):
    container = compiled(rcc, tmp_path, "--compress-algo", "zstd")
    with pytest.raises(UmtnError, match="Zstandard"):
        read_qt_resource(container)

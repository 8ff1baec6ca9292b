"""Bundles changed at random: each opens as one that can be played, or is refused in a sentence."""

from __future__ import annotations

import hashlib
import json
import random
import zipfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from umtn_core.bundle import Bundle
from umtn_core.bundle.onnx_file import GraphFile
from umtn_core.errors import UmtnError
from umtn_core.runtime import open_session

#: What no field expects, and what some do.
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2, 3, 255, 1000, 2**31, 2**63, -(2**63), 10**40, 0.5, -0.0, 1e308, 1e-320,
    "", "a", "embedding", "\x1b[0m", "\ud7ff", "../a", "x" * 5000, [], {}, [[]], [1, 2], {"a": 1},
    [1] * 5000,
)  # fmt: skip

#: Bytes that mean something in one of the two formats.
TELLING = b'\x00\x01\x0a\x12\x1a"\x2a\x3a\x7f\x80\xff[]{},:\\e9-.'


def places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """List where a value can be replaced: what holds it, and under which key."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in pairs:
        found.append((value, key))
        if isinstance(part, (dict, list)):
            places(part, found)
    return found


def changed_manifest(text: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.3:
        return changed_bytes(text, rng)
    said = json.loads(text)
    for _ in range(rng.randint(1, 3)):
        holder, key = rng.choice(places(said, []))
        what = rng.random()
        if what < 0.15:
            del holder[key]
        elif what < 0.25 and isinstance(holder, dict):
            holder[rng.choice(["\x07", "unknown", "name", key * 2])] = holder[key]
        elif what < 0.35 and isinstance(holder, list):
            holder += [holder[key]] * rng.choice([1, 2000])
        else:
            holder[key] = deepcopy(rng.choice(VALUES))
    return json.dumps(said, ensure_ascii=rng.random() < 0.5).encode(errors="replace")


def changed_bytes(contents: bytes, rng: random.Random) -> bytes:
    changed = bytearray(contents)
    for _ in range(rng.randint(1, 4)):
        # What says how a file is built lies between long weights, in hundreds of bytes.
        at = rng.randrange(min(len(changed), rng.choice([100, 4000, len(changed)])))
        what = rng.random()
        if what < 0.6:
            changed[at] = rng.choice(TELLING)
        elif what < 0.75:
            changed[at] ^= 1 << rng.randrange(8)
        elif what < 0.85:
            del changed[at : at + rng.choice([1, 2, 10, 1000])]
        else:
            changed[at:at] = bytes(rng.choice(TELLING) for _ in range(rng.choice([1, 2, 9])))
        if not changed:
            break
    return bytes(changed)


def opens(folder: Path) -> Bundle | None:
    try:
        return Bundle.open(folder)
    except UmtnError as error:
        said = str(error)
        assert said.endswith(".") and said.isprintable() and len(said) < 2000 + len(str(folder))
        return None


def try_manifests(folder: Path, count: int, seed: int) -> int:
    """Change the manifest so often; count those that opened."""
    rng, file = random.Random(seed), folder / "manifest.json"
    good, opened = file.read_bytes(), 0
    for _ in range(count):
        file.write_bytes(changed_manifest(good, rng))
        bundle = opens(folder)
        if bundle is not None:
            opened += 1
            assert bundle.domains and bundle.shape.multiply_adds > 0
            assert bundle.decoder_fingerprint(bundle.domains[0])
            bundle.coding(bundle.domains[0])
    file.write_bytes(good)
    return opened


def try_graphs(folder: Path, count: int, seed: int) -> int:
    """Change a graph so often, and its checksum with it; count those that opened."""
    rng, manifest = random.Random(seed), folder / "manifest.json"
    good, opened = manifest.read_text(), 0
    names = sorted(path.name for path in folder.glob("*.onnx"))
    for _ in range(count):
        name = rng.choice(names)
        before = (folder / name).read_bytes()
        after = changed_bytes(before, rng)
        (folder / name).write_bytes(after)
        said = json.loads(good)
        said["files"][name] = hashlib.sha256(after).hexdigest()
        manifest.write_text(json.dumps(said))
        bundle = opens(folder)
        if bundle is not None:
            opened += 1
            then, now = GraphFile.parse(before), GraphFile.parse(bundle.contents(name))
            assert (now.inputs, now.outputs) == (then.inputs, then.outputs)
            assert {k: v.shape for k, v in now.weights.items()} == {
                k: v.shape for k, v in then.weights.items()
            }
            try:
                open_session(after)
            except UmtnError:
                assert (
                    after[:40] != before[:40]
                )  # ONNX Runtime is older than the version that is said
        (folder / name).write_bytes(before)
    manifest.write_text(good)
    return opened


def try_zips(folder: Path, count: int, seed: int) -> int:
    """Change a zip of the bundle so often, most often its directory; count those that opened."""
    rng, path = random.Random(seed), folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    good, opened = path.read_bytes(), 0
    where = good.index(b"PK\1\2")
    for _ in range(count):
        begin = rng.choice([0, where, where, len(good) - 22])
        path.write_bytes(good[:begin] + changed_bytes(good[begin:], rng))
        opened += opens(path) is not None
    return opened


def test_manifests(bundle_folder):
    assert 0 < try_manifests(bundle_folder, 1000, 1) < 500


def test_graphs(bundle_folder):
    assert 0 < try_graphs(bundle_folder, 200, 2) < 150


def test_zips(bundle_folder):
    assert 0 < try_zips(bundle_folder, 300, 3) < 200


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_thousands(bundle_folder, seed):
    assert 0 < try_manifests(bundle_folder, 2000, 100 + seed) < 1000
    assert 0 < try_graphs(bundle_folder, 1000, 200 + seed) < 800
    assert 0 < try_zips(bundle_folder, 2000, 300 + seed) < 1500

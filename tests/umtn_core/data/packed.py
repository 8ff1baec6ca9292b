"""Writes recordings, and packs folders of them as data sets come."""

import tarfile
import zipfile

import numpy as np
from pedalboard.io import AudioFile


def save(path, audio, rate=16_000):
    path.parent.mkdir(parents=True, exist_ok=True)
    with AudioFile(str(path), "w", rate, audio.shape[0], bit_depth=16) as file:
        file.write(audio)
    return path


def tone(seconds, hertz=440.0, rate=16_000):
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return wave[None].astype(np.float32)


def pack(folder, archive):
    """Pack what is in a folder, below the folder's own name."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for file in files:
                packed.write(file, file.relative_to(folder.parent))
    else:
        with tarfile.open(archive, "w:gz") as packed:
            packed.add(folder, folder.name)
    return archive


def spoil(archive, kind):
    """Cut an archive off, or change a byte in its middle."""
    whole = archive.read_bytes()
    if kind == "cut off":
        archive.write_bytes(whole[: len(whole) * 2 // 3])
    else:
        middle = len(whole) // 2
        changed = bytes([whole[middle] ^ 0xFF])
        archive.write_bytes(whole[:middle] + changed + whole[middle + 1 :])

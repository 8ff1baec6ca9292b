"""What is no audio, or audio of other formats."""

from __future__ import annotations

from collections.abc import Iterator

from tests.umtn_core.audio.kinds.kind import MUSIC, Exactly, Kind, Refused, by_soundfile, id3, title

_NO_AUDIO = "format"


def _no_audio() -> Iterator[Kind]:
    """Files that are something else, or nothing."""
    yield Kind("empty.wav", b"", Refused("empty"))
    yield Kind("zeros.wav", bytes(5000), Refused(_NO_AUDIO))
    for name in ("text.wav", "text.mp3", "text.flac"):
        yield Kind(name, b"This is not music.\n" * 50, Refused(_NO_AUDIO))
    yield Kind(
        "image.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(256)) * 20, Refused(_NO_AUDIO)
    )
    yield Kind("image.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, Refused(_NO_AUDIO))
    yield Kind("paper.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 20, Refused(_NO_AUDIO))
    yield Kind(
        "text-of-utf-16.txt", b"\xff\xfe" + "Not music".encode("utf-16-le") * 99, Refused(_NO_AUDIO)
    )
    yield Kind("video.avi", b"RIFF\0\1\0\0AVI LIST" + bytes(500), Refused(_NO_AUDIO))
    yield Kind("song.m4a", b"\0\0\0\x20ftypM4A " + bytes(500), Refused("MPEG-4"))
    wma = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(500)
    yield Kind("song.wma", wma, Refused("Windows Media"))
    for magic in (
        b"RIFF",
        b"FORM",
        b"fLaC",
        b"OggS",
        b"ID3\3",
        b"\xff\xfb\x90\x64",
        b"RF64",
        b"BW64",
    ):
        name = magic.decode("latin-1").strip()
        name = name if name.isalnum() and name.isascii() else magic.hex()
        yield Kind(f"only-{name}", magic, Refused(""))
        yield Kind(f"zeros-behind-{name}", magic + bytes(300), Refused(""))
        yield Kind(f"ff-behind-{name}", magic + b"\xff" * 3000, Refused(""))


def _other_formats() -> Iterator[Kind]:
    """Whole and cut off, in containers that are seldom met."""
    for ending in ("au", "caf"):
        contents = by_soundfile(MUSIC, ending.upper(), "PCM_16")
        yield Kind(f"whole.{ending}", contents, Exactly(MUSIC))
        yield Kind(f"cut.{ending}", contents[: len(contents) // 2], Refused("cut off"))
        yield Kind(f"header.{ending}", contents[:16], Refused("no whole description"))
        yield Kind(f"joined.{ending}", 2 * contents, Refused("several files"))
        yield Kind(f"id3-before.{ending}", id3(title()) + contents, Exactly(MUSIC), ffmpeg=False)
    au = by_soundfile(MUSIC, "AU", "PCM_16")
    yield Kind("open.au", au[:8] + b"\xff" * 4 + au[12:], Exactly(MUSIC))
    open_caf = bytearray(by_soundfile(MUSIC, "CAF", "PCM_16"))
    at = open_caf.index(b"data")
    open_caf[at + 4 : at + 12] = b"\xff" * 8
    yield Kind("open.caf", bytes(open_caf), Exactly(MUSIC))
    for name in ("float.au", "float.caf", "pcm_24.caf", "double.w64"):
        subtype, ending = name.upper().split(".")
        yield Kind(name, by_soundfile(MUSIC, ending, subtype), Exactly(MUSIC, 1e-6))
    yield Kind("open-0.au", au[:8] + bytes(4) + au[12:], Exactly(MUSIC), ffmpeg=False)
    w64 = by_soundfile(MUSIC, "W64", "PCM_16")
    yield Kind("joined.w64", 2 * w64, Refused("several files"))
    at = w64.index(b"data") + 16
    for size in (0, (1 << 63) - 1, (1 << 64) - 1):
        contents = w64[:at] + size.to_bytes(8, "little") + w64[at + 8 :]
        yield Kind(f"open-{size:x}.w64", contents, Exactly(MUSIC), ffmpeg=False)
    yield Kind("coding.au", au[:15] + b"\x2a" + au[16:], Refused("coding 42"))
    yield Kind("empty.au", au[:8] + bytes(4) + au[12:24], Refused("no sound"))
    caf = bytearray(by_soundfile(MUSIC, "CAF", "PCM_16"))
    caf[caf.index(b"desc") + 12 + 31] = 77
    yield Kind("bits.caf", bytes(caf), Refused("of 77 bits in 4 bytes"))


KINDS = [*_no_audio(), *_other_formats()]

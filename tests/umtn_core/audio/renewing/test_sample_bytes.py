"""Samples as a file's own bytes: the nearest there is, in every format that files have."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
import soundfile

from umtn_core.audio.container import Layout
from umtn_core.audio.renewing.sample_bytes import SampleBytes

#: How far apart neighbours are near full scale.
STEPS = {
    "PCM_S8": 2**-7, "PCM_U8": 2**-7, "PCM_16": 2**-15, "PCM_24": 2**-23, "PCM_32": 2**-31,
    "FLOAT": 2**-24, "DOUBLE": 2**-24, "ULAW": 2**-5, "ALAW": 2**-5,
}  # fmt: skip


def layout(subtype: str, endian: str, channels: int) -> Layout:
    return Layout((), subtype, endian, channels, 8000)


def decoded(data: bytes, subtype: str, endian: str, channels: int) -> np.ndarray:
    audio, _ = soundfile.read(
        BytesIO(data), format="RAW", subtype=subtype, endian=endian, channels=channels,
        samplerate=8000, always_2d=True,
    )  # fmt: skip
    return audio.T


@pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
@pytest.mark.parametrize("subtype", STEPS)
def test_what_is_encoded_is_the_nearest_that_can_be_decoded(subtype: str, endian: str) -> None:
    audio = np.random.default_rng(1).uniform(-0.99, 0.99, (2, 5000)).astype(np.float32)
    encode = SampleBytes(layout(subtype, endian, 2))
    data = encode(audio[:, :1234]) + encode(audio[:, 1234:])
    back = decoded(data, subtype, endian, 2)
    assert np.abs(back - audio).max() <= STEPS[subtype] / 2 * 1.001
    assert encode.clipped == 0
    # What has a value in the format already keeps it; mu-law has two zeros.
    again = SampleBytes(layout(subtype, endian, 2))(back)
    assert np.array_equal(decoded(again, subtype, endian, 2), back)


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW"])
def test_a_law_has_every_code_at_its_value(subtype: str) -> None:
    codes = bytes(range(256))
    values = decoded(codes, subtype, "LITTLE", 1)
    again = SampleBytes(layout(subtype, "LITTLE", 1))(values.astype(np.float32))
    assert np.array_equal(decoded(again, subtype, "LITTLE", 1), values)
    assert SampleBytes(layout("ULAW", "LITTLE", 1))(np.zeros((1, 1), np.float32)) == b"\xff"


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32"])
def test_what_is_beyond_full_scale_becomes_full_scale_and_is_counted(subtype: str) -> None:
    encode = SampleBytes(layout(subtype, "LITTLE", 1))
    audio = np.array([[-7.0, -1.0, 1.0, 1.5]], np.float32)
    back = decoded(encode(audio), subtype, "LITTLE", 1)[0]
    assert list(back) == [-1, -1, 1 - STEPS[subtype], 1 - STEPS[subtype]]
    assert encode.clipped == 2


def test_floating_point_is_not_clipped() -> None:
    audio = np.array([[-7.0, 1.5]], np.float32)
    encode = SampleBytes(layout("FLOAT", "BIG", 1))
    assert np.array_equal(decoded(encode(audio), "FLOAT", "BIG", 1), audio)
    assert encode.clipped == 0


def test_bits_stay_in_their_part_of_the_bytes() -> None:
    samples = np.array([[-2.0, -(2.0**-23), 0.5, 1.0]], np.float32)
    below = SampleBytes(Layout((), "PCM_32", "LITTLE", 1, 8000, scale=256.0, bits=24))
    assert list(np.frombuffer(below(samples), "<i4")) == [-(2**23), -1, 2**22, 2**23 - 1]
    above = SampleBytes(Layout((), "PCM_16", "BIG", 1, 8000, bits=12))
    assert list(np.frombuffer(above(samples), ">i2")) == [-(2**15), 0, 2**14, 2**15 - 16]

"""Files of every kind, written again: the new sound is read from them, and nothing else is new."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from tests.umtn_core.audio.kinds.all import KINDS
from tests.umtn_core.audio.kinds.kind import Kind, Refused
from umtn_core.audio.container import Layout
from umtn_core.audio.read import open_audio, read_audio
from umtn_core.audio.renewing.flac_head import FlacHead
from umtn_core.audio.renewing.renewal import renewal_of

READ = [kind for kind in KINDS if not isinstance(kind.right, Refused)]
#: What is rounded, by how it is written, by no more than half of its greatest step.
STEPS = {
    "PCM_S8": 2**-7, "PCM_U8": 2**-7, "PCM_16": 2**-15, "PCM_24": 2**-23, "PCM_32": 2**-24,
    "FLOAT": 0.0, "DOUBLE": 0.0, "ULAW": 2**-5, "ALAW": 2**-5,
}  # fmt: skip


def form_of(path: Path) -> tuple[str, int, int, int, Layout | None, str]:
    with path.open("rb") as file, open_audio(file, path) as audio:
        form = audio.kind, audio.channels, audio.samples, audio.sample_rate
        return *form, audio.layout, audio.remark


@pytest.mark.parametrize("kind", READ, ids=lambda kind: kind.name)
def test_a_kind_of_file(kind: Kind, tmp_path: Path) -> None:
    old = tmp_path / kind.name
    old.write_bytes(kind.contents)
    form = name, channels, samples, _, layout, _ = form_of(old)
    with old.open("rb") as file:
        renew = renewal_of(file, old, tmp_path)
        if renew is None:
            assert layout is None and name != "FLAC"
            return
        random = np.random.default_rng(1)
        sound = random.uniform(-0.9, 0.9, (channels, samples)).astype(np.float32)
        made = BytesIO()
        assert renew(file, made, np.split(sound, [samples // 3], axis=1)) == 0
    new = tmp_path / f"new {kind.name}"
    new.write_bytes(made.getvalue())
    assert form_of(new) == form
    if layout is None:
        head = FlacHead.of(BytesIO(kind.contents))
        assert head is not None
        step = 2.0 ** (1 - head.bits)
    else:
        step = STEPS[layout.subtype]
        step = max(step, 2.0 ** (1 - layout.bits)) if step and layout.bits else step
    assert np.abs(read_audio(new)[0] - sound).max() <= step / 2 * 1.001
    if layout is not None:
        was, now = (np.frombuffer(path.read_bytes(), np.uint8).copy() for path in (old, new))
        for begin, length in layout.pieces:
            was[begin : begin + length] = now[begin : begin + length] = 0
        assert np.array_equal(was, now)

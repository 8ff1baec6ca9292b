"""Sound written over: every byte that holds none stays."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest

from umtn_core.audio.container import Layout
from umtn_core.audio.renewing.in_place import renew_in_place
from umtn_core.errors import UmtnError

BEFORE = bytes(range(100, 140))
#: Three samples of two channels; the first piece ends within a sample.
LAYOUT = Layout(((4, 5), (20, 7)), "PCM_16", "BIG", 2, 8000)
SOUND = np.array([[1, 3, 5], [2, 4, 6]], np.float32) / 2**15


def renewed(*blocks: np.ndarray) -> bytes:
    new = BytesIO()
    renew_in_place(BytesIO(BEFORE), new, blocks, layout=LAYOUT)
    return new.getvalue()


@pytest.mark.parametrize("cuts", [[], [1], [0, 2, 2]])
def test_pieces_are_written_over_and_all_else_stays(cuts: list[int]) -> None:
    sound = b"\0\1\0\2\0\3\0\4\0\5\0\6"
    expected = BEFORE[:4] + sound[:5] + BEFORE[9:20] + sound[5:] + BEFORE[27:]
    assert renewed(*np.split(SOUND, cuts, axis=1)) == expected


def test_what_was_said_of_the_old_sound_alone_is_unsaid() -> None:
    new = BytesIO()
    renew_in_place(BytesIO(BEFORE), new, [SOUND], layout=replace(LAYOUT, stale=(30,)))
    assert new.getvalue() == renewed(SOUND)[:30] + b"JUNK" + BEFORE[34:]


@pytest.mark.parametrize("blocks", [[], [SOUND[:, :2]], [SOUND, SOUND[:, :1]]])
def test_sound_of_another_length_is_refused(blocks: list[np.ndarray]) -> None:
    with pytest.raises(UmtnError, match="not as long"):
        renewed(*blocks)


def test_sound_beyond_full_scale_is_counted() -> None:
    assert renew_in_place(BytesIO(BEFORE), BytesIO(), [SOUND * 2**15], layout=LAYOUT) == 5

import numpy as np

from umtn_core.audio.sound import SoundArray, SoundRows, blocks_of
from umtn_core.rows import Rows

AUDIO = np.random.default_rng(0).normal(size=(3, 1000)).astype(np.float32)


def test_a_recording_is_read_alike_wherever_it_lies():
    rows = Rows(1000, 3)
    rows[:] = AUDIO.T
    for sound in (SoundArray(AUDIO, 48_000), SoundRows(rows, 48_000)):
        assert (sound.channels, sound.samples, sound.sample_rate) == (3, 1000, 48_000)
        assert np.array_equal(sound.read(10, 50), AUDIO[:, 10:60])
        blocks = list(blocks_of(sound, 300))
        assert [block.shape for block in blocks] == [(3, 300)] * 3 + [(3, 100)]
        assert np.array_equal(np.concatenate(blocks, axis=1), AUDIO)

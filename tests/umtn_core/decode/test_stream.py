import numpy as np
import pytest

from umtn_core.decode.stream import RingLayout, Stream, StreamState
from umtn_core.errors import UmtnError
from umtn_core.shape import NetworkShape


def test_rings_give_back_what_was_written_a_delay_ago(shape: NetworkShape):
    layout = RingLayout.of(shape)
    rings = np.zeros(layout.rows)
    taps = shape.decoder_kernel - 1
    # Written values name their layer and time, so that any mix-up shows.
    value = lambda layer, t: 1000.0 * (layer + 1) + t if t >= 0 else 0.0  # noqa: E731
    for t in range(3 * max(shape.dilations) * taps + 5):
        rows = layout.rows_read(t)
        for layer, dilation in enumerate(shape.dilations):
            expected = [value(layer, t - (taps - j) * dilation) for j in range(taps)]
            assert rings[rows[layer]].tolist() == expected
            rings[rows[layer, 0]] = value(layer, t)
    assert layout.rows == sum(shape.dilations) * taps


def test_recent_codes_begin_with_the_start_code_after_nothing():
    shape = NetworkShape(decoder_kernel=3, start_code=128)
    state = StreamState.begin(Stream(np.zeros((64, 1), np.float32), 10), shape)
    assert state.recent(shape).tolist() == [-1, -1, 128]
    state.codes[:2], state.position = [5, 6], 2
    assert state.recent(shape).tolist() == [128, 5, 6]
    state.codes[2:4], state.position = [7, 8], 4
    assert state.recent(shape).tolist() == [6, 7, 8]


@pytest.mark.parametrize(("channels", "samples"), [(63, 10), (64, 801), (64, -1)])
def test_requests_that_do_not_fit_the_network_are_refused(channels, samples):
    with pytest.raises(UmtnError):
        StreamState.begin(Stream(np.zeros((channels, 1), np.float32), samples), NetworkShape())

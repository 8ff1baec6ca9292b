import numpy as np

from umtn_core.data.synth.curves import bend_at, flat, points_of


def test_flat_curves_are_as_long_as_the_music():
    for seconds in (0.0, 0.999, 1.0, 1.001):
        curves = flat(seconds, 0.25)
        assert len(curves.bend) == len(curves.gain) == len(curves.pedal) == points_of(seconds)
        assert (points_of(seconds) - 1) / 100 >= seconds
        assert (curves.bend == 0.25).all() and (curves.gain == 1).all() and not curves.pedal.any()


def test_a_note_has_no_part_in_the_jump_to_the_next():
    curves = flat(2.0)
    curves.bend[100:] = 5.0  # of the note that begins at 1.005 s
    time = np.arange(0.9, 1.1, 0.001)
    assert not bend_at(curves, time, 0.5, 1.005).any()
    assert (bend_at(curves, time, 1.005) == 5.0).all()
    # Without a note that follows, the curve is gone along.
    assert np.ptp(bend_at(curves, time, 0.5)) == 5.0

import pytest

from benchmarks.scope import judged
from benchmarks.scope_clips import synthetic_clips
from umtn_core.bundle import Bundle
from umtn_core.errors import UmtnError


@pytest.mark.long
def test_remarks_are_right_on_all_but_two_of_thirty_and_never_false_alarms():
    try:
        clips = list(synthetic_clips())
    except UmtnError as error:
        pytest.skip(f"clips need FluidSynth and soundfonts: {error}")
    right, false = judged(clips, Bundle.open("default").manifest.scope)
    assert len(clips) >= 30
    assert right >= len(clips) * 28 / 30
    assert false == 0

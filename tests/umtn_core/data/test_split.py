import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umtn_core.data.split import split_by_name
from umtn_core.errors import UmtnError


def counts(result):
    return [list(result.values()).count(split) for split in ("train", "valid", "test")]


@settings(deadline=None)
@given(st.sets(st.text(max_size=12), min_size=3, max_size=60))
def test_every_split_has_a_file_and_every_file_a_split(names):
    result = split_by_name(names)
    assert set(result) == names
    assert min(counts(result)) >= 1


@settings(deadline=None)
@given(st.sets(st.text(max_size=12), min_size=3), st.floats(0, 0.9), st.floats(0, 0.9))
def test_even_greedy_shares_leave_something_to_train_on(names, valid, test):
    if valid + test < 1:
        assert counts(split_by_name(names, valid=valid, test=test))[0] >= 1


def test_shares_are_kept():
    assert counts(split_by_name(f"{i}.wav" for i in range(200))) == [180, 10, 10]


def test_order_does_not_matter():
    names = [f"folder/{i}.flac" for i in range(50)]
    assert split_by_name(names) == split_by_name(reversed(names))


def test_the_assignment_is_the_same_on_every_machine_and_version():
    result = split_by_name(["a.wav", "b.wav", "c.wav", "d.wav"])
    assert result == {"a.wav": "test", "b.wav": "train", "c.wav": "valid", "d.wav": "train"}


def test_one_more_file_moves_few():
    names = [f"{i}.wav" for i in range(100)]
    before, after = split_by_name(names), split_by_name([*names, "new.wav"])
    assert sum(before[name] != after[name] for name in names) <= 2


def test_few_files():
    assert split_by_name([]) == {}
    assert split_by_name(["a"]) == {"a": "train"}
    assert sorted(split_by_name(["a", "b"]).values()) == ["train", "valid"]


@pytest.mark.parametrize("shares", [(0.5, 0.5), (-0.1, 0.1)])
def test_shares_that_leave_nothing_are_refused(shares):
    with pytest.raises(UmtnError, match="shares"):
        split_by_name(["a", "b", "c"], valid=shares[0], test=shares[1])

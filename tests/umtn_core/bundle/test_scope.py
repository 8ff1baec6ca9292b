import pytest

from umtn_core.bundle.scope import Scope, note_name, read_range
from umtn_core.errors import UmtnError


@pytest.mark.parametrize(
    ("text", "lowest", "highest"),
    [("C4-C6", 60, 84), ("Bb2-F#5", 46, 78), ("a0-c8", 21, 108), ("C-1-G9", 0, 127)],
)
def test_a_range_is_read_from_the_names_of_its_notes(text, lowest, highest):
    assert read_range(text) == (lowest, highest)


@pytest.mark.parametrize("text", ["", "C4", "C6-C4", "60-84", "H4-C6", "C4-C60", "C4 to C6"])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(UmtnError, match="such as C4-C6"):
        read_range(text)


def test_notes_have_the_names_that_people_use():
    assert [note_name(pitch) for pitch in (60, 61, 69.4, 21)] == ["C4", "C#4", "A4", "A0"]
    assert Scope(lowest=36, highest=84, voices=1, material="m").range_in_words == "C2 to C6"

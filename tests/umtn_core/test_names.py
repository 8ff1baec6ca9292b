"""Names as people type them."""

import pytest

from umtn_core.names import did_you_mean, meant

INSTRUMENTS = ("clarinet", "french-horn", "trumpet", "flute", "violin")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("trumpet", "trumpet"),
        ("Trumpet", "trumpet"),
        ("TRUMPET", "trumpet"),
        (" trumpet\n", "trumpet"),
        ("French Horn", "french-horn"),
        ("french_horn", "french-horn"),
        ("frenchhorn", "french-horn"),
        ("\N{FULLWIDTH LATIN SMALL LETTER F}lute", "flute"),
    ],
)
def test_capitals_blanks_and_hyphens_do_not_matter(typed, name):
    assert meant(typed, INSTRUMENTS) == [name]


@pytest.mark.parametrize("typed", ["", " ", "-", "kazoo", "trump", "trumpets"])
def test_other_names_mean_none(typed):
    assert meant(typed, INSTRUMENTS) == []


def test_an_exact_name_wins_and_others_are_ambiguous():
    names = ("a-b", "a_b", "A-B", "c")
    assert meant("a_b", names) == ["a_b"]
    assert meant("a b", names) == ["a-b", "a_b", "A-B"]
    assert meant("C", names) == ["c"]


@pytest.mark.parametrize(
    ("typed", "name"),
    [("trumpt", "trumpet"), ("Trompete", "trumpet"), ("violine", "violin"), ("horn", "")],
)
def test_what_is_nearly_right_is_suggested(typed, name):
    assert did_you_mean(typed, INSTRUMENTS) == (f" (did you mean {name}?)" if name else "")


@pytest.mark.parametrize("typed", ["", "kazoo", "\N{PILE OF POO}"])
def test_what_is_far_from_all_is_not(typed):
    assert did_you_mean(typed, INSTRUMENTS) == ""

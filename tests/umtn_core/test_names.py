"""Names as people type them."""

import pytest

from umtn_core.errors import UmtnError
from umtn_core.names import did_you_mean, meant, the_one_meant

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


def test_the_one_that_is_meant_is_found_or_the_known_are_told():
    assert the_one_meant("French Horn", INSTRUMENTS, "domain") == "french-horn"
    for typed, place, sentence in (
        (
            "trumpt",
            "",
            "There is no domain 'trumpt' (did you mean trumpet?); choose from clarinet, ",
        ),
        (
            "kazoo",
            "The store",
            "The store has no domain 'kazoo'; choose from clarinet, french-horn",
        ),
    ):
        with pytest.raises(UmtnError) as caught:
            the_one_meant(typed, INSTRUMENTS, "domain", place)
        assert str(caught.value).startswith(sentence)
    with pytest.raises(UmtnError, match=r"^The store has no domain 'a'; there is none at all\.$"):
        the_one_meant("a", (), "domain", "The store")
    with pytest.raises(
        UmtnError, match=r"^The domain 'A b' can be a-b or a_b: write one of these\.$"
    ):
        the_one_meant("A b", ("a-b", "a_b"), "domain")


@pytest.mark.parametrize(
    ("typed", "name"),
    [("trumpt", "trumpet"), ("Trompete", "trumpet"), ("violine", "violin"), ("horn", "")],
)
def test_what_is_nearly_right_is_suggested(typed, name):
    assert did_you_mean(typed, INSTRUMENTS) == (f" (did you mean {name}?)" if name else "")


@pytest.mark.parametrize("typed", ["", "kazoo", "\N{PILE OF POO}"])
def test_what_is_far_from_all_is_not(typed):
    assert did_you_mean(typed, INSTRUMENTS) == ""

import pytest

pytest.importorskip("music21", reason="scores need the train extra")

from umtn_core.data.synth.parse import parse_file, tunes
from umtn_core.data.synth.score import Note

ABC = """% a book
X:1
T:Scale
M:3/4
L:1/4
Z:Ada Writer
K:D
"Em"D F A-|A2 {g}z|

X:2
T:Broken
M:4/4
K:C

X:3
T:Reserved
Z:copyright 1999 by someone, all rights reserved
M:4/4
L:1/8
K:C
CDEF|

X:4
T:Given
N:this tune is free, copyright waived
M:4/4
L:1/8
K:C
[CEG]2 C2|
"""

XML = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="3.1">
  <work><work-title>Two horns</work-title></work>
  <identification>{rights}<creator type="composer">A. Composer</creator></identification>
  <part-list><score-part id="P1"><part-name>Horn</part-name></score-part>
  <score-part id="P2"><part-name>Piano</part-name></score-part></part-list>
  <part id="P1"><measure number="1"><attributes><divisions>1</divisions>
    <time><beats>2</beats><beat-type>4</beat-type></time>
    <transpose><diatonic>-4</diatonic><chromatic>-7</chromatic></transpose></attributes>
    <note><pitch><step>C</step><octave>5</octave></pitch><duration>2</duration></note>
  </measure></part>
  <part id="P2"><measure number="1"><attributes><divisions>1</divisions>
    <time><beats>2</beats><beat-type>4</beat-type></time></attributes>
    <note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>
    <note><pitch><step>E</step><octave>4</octave></pitch><duration>1</duration></note>
  </measure></part>
</score-partwise>
"""


@pytest.fixture
def book(tmp_path):
    file = tmp_path / "book.abc"
    file.write_text(ABC)
    return file


def test_a_book_is_read_tune_by_tune(book):
    assert len(tunes(book)) == 4
    parsed = parse_file("books/book", book, "permitted")
    assert [s.name for s in parsed.scores] == ["books/book#1", "books/book#4"]
    first = parsed.scores[0]
    assert (first.title, first.licence, first.credits) == ("Scale", "permitted", "Ada Writer")
    assert first.bar == 3.0


def test_ties_are_joined_and_chord_names_and_graces_left_out(book):
    first = parse_file("b", book, "x").scores[0]
    assert first.notes == [Note(0, 1, 62), Note(1, 1, 66), Note(2, 3, 69)]


def test_chords_keep_all_their_notes(book):
    last = parse_file("b", book, "x").scores[-1]
    assert last.notes == [Note(0, 1, 60), Note(0, 1, 64), Note(0, 1, 67), Note(1, 1, 60)]


def test_reserved_rights_and_broken_tunes_are_named(book):
    unread = {item.name: item.reason for item in parse_file("b", book, "x").unread}
    assert unread.keys() == {"b#2", "b#3"}
    assert "reserves rights" in unread["b#3"] and "1999" in unread["b#3"]


def test_terms_a_tune_states_itself_are_recorded(book):
    last = parse_file("b", book, "permitted").scores[-1]
    assert last.licence.startswith("permitted; the file states:") and "free" in last.licence


def test_transposing_instruments_are_read_as_they_sound(tmp_path):
    file = tmp_path / "horns.xml"
    file.write_text(XML.format(rights=""))
    (score,) = parse_file("x/horns", file, "permitted").scores
    assert score.notes == [Note(0, 1, 60), Note(0, 2, 65), Note(1, 1, 64)]
    assert (score.title, score.credits, score.bar) == ("Two horns", "A. Composer", 2.0)


def test_reserved_editions_are_left_out(tmp_path):
    file = tmp_path / "horns.xml"
    file.write_text(XML.format(rights="<rights>© 2003 A Publisher</rights>"))
    parsed = parse_file("x/horns", file, "permitted")
    assert parsed.scores == [] and "A Publisher" in parsed.unread[0].reason

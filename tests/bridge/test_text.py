from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.text import control_in, on_one_line, quoted, shell_word, shortened


@given(st.text())
def test_what_is_shown_stays_on_its_line_and_in_order(text: str) -> None:
    shown = on_one_line(text)
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in shown)
    assert not any(
        unicodedata.bidirectional(c) in ("LRE", "RLO", "PDF", "RLI", "LRI", "FSI") for c in shown
    )
    assert len(quoted(text).splitlines()) == 1


@pytest.mark.parametrize(
    "text", ["Fl\u00f6te", "\u05e9\u05d9\u05e8", "a\u200cb", "\u00a0\u3000", "\ue000", "a\\n"]
)
def test_what_misleads_nobody_is_shown_as_it_is(text: str) -> None:
    assert on_one_line(text) == text


def test_what_misleads_is_written_out() -> None:
    assert on_one_line("a\u202eb\nc\x85d\u2028") == r"a\u202eb\nc\x85d\u2028"


@given(
    st.text(st.characters(exclude_categories=["Cc"])), st.characters(categories=["Cc"]), st.text()
)
def test_the_first_control_character_is_named_with_its_place(
    before: str, c: str, after: str
) -> None:
    assert control_in(before) == ""
    said = control_in(before + c + after)
    assert f"U+{ord(c):04X}, in place {len(before) + 1} of" in said
    assert on_one_line(c) in said


def test_a_long_text_is_shown_around_its_place() -> None:
    text = "a" * 100 + "\n" + "b" * 100
    assert quoted(text, 100) == "'..." + "a" * 30 + r"\n" + "b" * 29 + "...'"
    assert quoted("short") == "'short'"


def test_of_a_long_path_the_name_stays() -> None:
    path = "/" + "folder/" * 100 + "take.wav"
    assert shortened("/music/take.wav") == "/music/take.wav"
    assert len(shortened(path)) < 210 and shortened(path).endswith("/take.wav")


@pytest.mark.parametrize("name", ["take.wav", "two words.wav", "it's.wav", "flûte.wav", "-x.wav"])
def test_a_usual_name_is_a_word_as_ever(name: str) -> None:
    assert shell_word(name) == shlex.quote(name)


@pytest.mark.skipif(os.name != "posix" or not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize(
    "name", [b"a\nb\x1b[31m.wav", b"\xe9.wav", b"\xe911.wav", b"it's \\ \t$(x)`y`.wav"]
)
def test_a_shell_reads_the_name_of_a_word(name: bytes) -> None:
    word = shell_word(os.fsdecode(name))
    assert word == on_one_line(word)
    done = subprocess.run(
        ["bash", "-c", f"printf %s {word}"], capture_output=True, check=True, timeout=10
    )
    assert done.stdout == name


def test_halves_of_characters_that_stand_for_no_bytes_are_written_too() -> None:
    assert shell_word("a\ud800b") == r"$'a\355\240\200b'"

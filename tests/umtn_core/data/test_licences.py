import pytest

from umtn_core.data.licences import is_licence_file, licence_text
from umtn_core.errors import UmtnError


@pytest.mark.parametrize("name", ["LICENCE", "LICENSE", "flute/licence.txt", "a b/License.md"])
def test_any_usual_name(name):
    assert is_licence_file(name)


@pytest.mark.parametrize("name", ["licences of others.pdf", "LICENCE.wav", "LICENCE/a.wav"])
def test_none(name):
    assert not is_licence_file(name)


def test_lines_become_one():
    assert licence_text("LICENCE", b"CC BY 4.0,\n  Ada Player\n") == "CC BY 4.0, Ada Player"


def test_a_long_text_is_named_by_its_first_line():
    text = b"GNU GENERAL PUBLIC LICENSE\n" + b"words " * 500
    assert licence_text("flute/LICENSE", text) == (
        "GNU GENERAL PUBLIC LICENSE (whole text in LICENSE)"
    )


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\x00bad"])
def test_an_unusable_file_is_refused(content):
    with pytest.raises(UmtnError, match="licence file"):
        licence_text("LICENCE", content)

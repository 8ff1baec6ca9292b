import pytest

from umtn_core.data.licences import folder_licence
from umtn_core.errors import UmtnError


@pytest.mark.parametrize("name", ["LICENCE", "LICENSE", "licence.txt", "License.md"])
def test_any_usual_name(tmp_path, name):
    (tmp_path / name).write_text("CC BY 4.0,\n  Ada Player\n")
    assert folder_licence(tmp_path) == "CC BY 4.0, Ada Player"


def test_none(tmp_path):
    (tmp_path / "licences of others.pdf").touch()
    assert folder_licence(tmp_path) is None


def test_a_long_text_is_named_by_its_first_line(tmp_path):
    (tmp_path / "LICENSE").write_text("GNU GENERAL PUBLIC LICENSE\n" + "words " * 500)
    assert folder_licence(tmp_path) == "GNU GENERAL PUBLIC LICENSE (whole text in LICENSE)"


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\x00bad"])
def test_an_unusable_file_is_refused(tmp_path, content):
    (tmp_path / "LICENCE").write_bytes(content)
    with pytest.raises(UmtnError, match="licence file"):
        folder_licence(tmp_path)

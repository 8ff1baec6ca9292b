import pytest

from umtn_core.data.synth.soundfonts import KNOWN, find_soundfont, search_path
from umtn_core.errors import UmtnError

FONT = b"RIFF\x08\x00\x00\x00sfbk\x00\x00\x00\x00"


@pytest.fixture
def only(tmp_path, monkeypatch):
    """An otherwise empty machine with one folder of fonts."""
    monkeypatch.setattr("umtn_core.data.synth.soundfonts.search_path", lambda: [tmp_path])
    return tmp_path


def test_a_known_font_is_found_with_its_licence(only):
    (only / "TimGM6mb.sf2").write_bytes(FONT)
    font = find_soundfont("TimGM6mb")
    assert font.path == only / "TimGM6mb.sf2" and font.licence.startswith("GPL-2.0")


def test_another_form_of_a_font_will_do(only):
    (only / "MuseScore_General.sf2").write_bytes(FONT)
    assert find_soundfont("MuseScore_General").path.suffix == ".sf2"


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_missing_font_names_its_package(only, name):
    with pytest.raises(UmtnError, match=f"apt install {KNOWN[name].package}"):
        find_soundfont(name)


def test_unknown_names_are_refused():
    with pytest.raises(UmtnError, match="FluidR3_GM"):
        find_soundfont("Steinway")


def test_own_fonts_by_path_with_their_terms(tmp_path):
    (tmp_path / "Mine.sf3").write_bytes(FONT)
    assert find_soundfont(str(tmp_path / "Mine.sf3")).licence == "not stated"
    (tmp_path / "Mine.licence").write_text("CC0\n")
    font = find_soundfont(str(tmp_path / "Mine.sf3"))
    assert (font.name, font.licence) == ("Mine", "CC0")
    with pytest.raises(UmtnError, match="no soundfont at"):
        find_soundfont(str(tmp_path / "Other.sf2"))


def test_the_users_folders_come_first(tmp_path, monkeypatch):
    monkeypatch.setenv("UMTN_SOUNDFONTS", f"{tmp_path}")
    assert search_path()[0] == tmp_path


@pytest.mark.parametrize("content", [b"", b"not a soundfont", FONT[:-1], b"RIFF\x04\0\0\0WAVE"])
def test_damaged_fonts_are_refused(only, content):
    (only / "TimGM6mb.sf2").write_bytes(content)
    for name in ("TimGM6mb", str(only / "TimGM6mb.sf2")):
        with pytest.raises(UmtnError, match="damaged"):
            find_soundfont(name)

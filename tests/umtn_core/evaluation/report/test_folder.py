import pytest

from umtn_core.errors import UmtnError
from umtn_core.evaluation.report.folder import REPORT, whole_folder


def fill(folder, text):
    (folder / REPORT).write_text(text)


def test_the_folder_is_there_once_it_is_whole(tmp_path):
    path = tmp_path / "deep" / "report"
    with whole_folder(path) as folder:
        fill(folder, "new")
        assert not path.exists()
    assert (path / REPORT).read_text() == "new"
    assert [each.name for each in path.parent.iterdir()] == ["report"]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, UmtnError, OSError])
def test_an_interruption_leaves_nothing_and_spares_the_old(tmp_path, interruption):
    path = tmp_path / "report"
    with whole_folder(path) as folder:
        fill(folder, "old")
    with (
        pytest.raises((interruption, UmtnError)),
        whole_folder(path, overwrite=True) as folder,
    ):
        fill(folder, "half")
        raise interruption("now")
    assert (path / REPORT).read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report"]


def test_an_older_report_is_replaced_only_when_asked(tmp_path):
    path = tmp_path / "report"
    with whole_folder(path) as folder:
        fill(folder, "old")
    with pytest.raises(UmtnError, match="exists already"), whole_folder(path):
        raise AssertionError
    with whole_folder(path, overwrite=True) as folder:
        fill(folder, "new")
    assert (path / REPORT).read_text() == "new"


def test_what_is_no_report_is_never_replaced(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "song.wav").write_text("precious")
    (tmp_path / "file").write_text("precious")
    for name in ("mine", "file"):
        with (
            pytest.raises(UmtnError, match="not a report"),
            whole_folder(tmp_path / name, overwrite=True),
        ):
            raise AssertionError
    assert (tmp_path / "mine" / "song.wav").is_file()

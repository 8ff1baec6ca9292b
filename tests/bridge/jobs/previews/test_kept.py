import os
import time
from pathlib import Path

import pytest

from bridge.jobs.previews import kept as module
from bridge.jobs.previews.kept import KeptPreviews, default_preview_folder, key_of
from umtn_core.bundle.search import look_at
from umtn_core.errors import UmtnError

ONE, TWO, THREE = "1" * 32, "2" * 32, "3" * 32
DAY = 24 * 3600


@pytest.fixture
def previews(tmp_path):
    found = KeptPreviews(tmp_path / "cache" / "previews")
    found.make_folder()
    return found


def put(previews, key, days=0.0):
    previews.path(key).write_bytes(b"RIFF")
    when = time.time() - days * DAY
    os.utime(previews.path(key), (when, when))


def there(previews):
    return {path.name for path in previews.folder.iterdir()}


def test_the_folder_is_the_users_alone(previews):
    assert previews.folder.stat().st_mode & 0o777 == 0o700
    previews.folder.chmod(0o777)
    with pytest.raises(UmtnError, match="is open to every user"):
        previews.make_folder()


def test_what_goes_is_of_models_that_are_gone_and_long_unheard(previews):
    put(previews, ONE, days=30)
    put(previews, TWO, days=2)
    put(previews, THREE, days=0.5)
    previews.input(ONE).write_bytes(b"left by a kill")
    previews.input(TWO).write_bytes(b"under way")
    (previews.folder / "mine.wav").write_bytes(b"no preview")
    previews.prune({ONE}, [])
    assert there(previews) == {f"{ONE}.wav", f"{THREE}.wav", "mine.wav"}
    assert previews.heard(ONE) and not previews.heard(TWO)
    assert time.time() - previews.path(ONE).stat().st_mtime < 60
    previews.input(THREE).write_bytes(b"under way")
    previews.prune({ONE}, [THREE])
    assert f"{THREE}.in.wav" in there(previews)


def test_of_too_many_those_go_that_nobody_has_heard_for_the_longest(previews, monkeypatch):
    monkeypatch.setattr(module, "MOST", 2)
    for key, days in ((ONE, 1), (TWO, 3), (THREE, 2)):
        put(previews, key, days)
    previews.prune({ONE, TWO, THREE}, [])
    assert there(previews) == {f"{ONE}.wav", f"{THREE}.wav"}


def test_a_new_model_of_the_same_name_gets_new_ones(tiny_bundle):
    import msgspec

    manifest = look_at(tiny_bundle, "tiny").manifest
    key = key_of(manifest, "flute")
    assert key == key_of(look_at(tiny_bundle, "tiny").manifest, "flute")
    assert key != key_of(manifest, "violin")
    files = {**manifest.files, "encoder.onnx": "0" * 64}
    assert key != key_of(msgspec.structs.replace(manifest, files=files), "flute")


def test_who_has_no_home_has_no_previews(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_preview_folder() == tmp_path / "umtn" / "previews"

    def no_home(*_, **__):
        raise RuntimeError

    monkeypatch.setattr("platformdirs.user_cache_path", no_home)
    assert default_preview_folder() is None
    assert Path(tmp_path).is_dir()

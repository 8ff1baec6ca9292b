"""What is written down of a request, and what of its file is seen before it is accepted."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from pedalboard.io import AudioFile

from bridge.jobs.accepting import inputs
from bridge.jobs.accepting.acceptance import Acceptance
from bridge.jobs.accepting.listening import Listening
from bridge.jobs.request import RenderRequest, RequestError
from umtn_core.audio.write import write_audio

RATE = 16_000


@pytest.fixture
def accept(settings):
    """Have a request for a file accepted, as the only one or after others."""
    acceptance = Acceptance(settings, Listening(settings))

    def accepted(input="in.wav", target="trumpet", **options):
        return acceptance.accept(RenderRequest("a", str(input), target, **options))

    return accepted


def test_a_record_has_the_real_names(accept, music, settings):
    place = music("take one.wav")
    request = {"input": place.as_uri(), "target": " Trumpet", "model": "DEFAULT"}
    record = accept(**request)
    assert (record.request.input, record.request.target) == (str(place), "trumpet")
    assert record.request.model == "default"
    assert record.asked == RenderRequest("a", **request)
    assert record.request.output.startswith(str(settings.session_folder / "take one.trumpet."))


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Prise\u00a01", "Prise\u00a01"),
        ("Flo\u0308te \U0001f3bb", "Flo\u0308te \U0001f3bb"),
        ('a<b>c:d"e|f?g*h', "a_b_c_d_e_f_g_h"),
        ("take\u202eone", "take_one"),
        ("\U00020000" * 50, "\U00020000" * 25),
        ("\u9332" * 80, "\u9332" * 33),
        (" . ", "render"),
    ],
)
def test_a_made_up_name_is_like_the_inputs_and_fits_every_disk(accept, music, name, stem):
    record = accept(music(f"{name}.wav"))
    made = record.request.output.rpartition("/")[2]
    assert made.startswith(f"{stem}.trumpet.") and made.endswith(".wav")
    assert len(made.encode()) <= 143


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3", "ogg"])
def test_a_region_past_the_end_is_refused_at_once(accept, settings, ending):
    with AudioFile(str(settings.session_folder / f"in.{ending}"), "w", 44_100, 1) as file:
        file.write(np.full((1, 44_100), 0.1, np.float32))
    accept(f"in.{ending}", start=0.9)
    for region in ({"start": 0.9, "length": 0.5}, {"start": 1.5}, {"start": 1e6}):
        with pytest.raises(RequestError, match=r"1\.0\d\d s long") as caught:
            accept(f"in.{ending}", **region)
        assert caught.value.code == "audio"


def test_what_is_no_audio_is_refused_at_once(accept, settings):
    (settings.session_folder / "in.wav").write_text("This is not a sound." * 50)
    with pytest.raises(RequestError) as caught:
        accept()
    assert caught.value.code == "audio"


def test_a_file_is_looked_at_once_until_it_changes(accept, music, monkeypatch):
    place = music()
    looked = []
    open_audio = inputs.open_audio

    def counted(file, path):
        looked.append(path)
        return open_audio(file, path)

    monkeypatch.setattr(inputs, "open_audio", counted)
    for start in (0.0, 0.01, 0.02):
        accept(start=start)
    assert looked == [Path("in.wav")]
    write_audio(place, np.zeros((1, RATE), np.float32), RATE, overwrite=True)
    assert accept(start=0.5).input_size == place.stat().st_size
    assert looked == 2 * [Path("in.wav")]


@pytest.mark.parametrize("mix", [0.0, 1.0])
def test_what_is_odd_of_a_file_is_noted_whatever_is_heard_in_it(settings, music, mix):
    place = music(seconds=0.5)
    with place.open("ab") as file:
        file.write(np.random.default_rng(0).bytes(1000))
    listening = Listening(settings)
    request = RenderRequest("a", "in.wav", "trumpet", mix=mix)
    record = Acceptance(settings, listening).accept(request)
    assert "1000 more that belong to nothing" in record.note
    listening.listen(record)
    heard = listening.remark(record)
    assert heard is not None and heard.startswith(record.note)
    assert record == msgspec.structs.replace(record, note=record.input_remark)

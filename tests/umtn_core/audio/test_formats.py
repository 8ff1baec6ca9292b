"""What a format cannot hold is said beforehand, and by the writer itself."""

import io

import numpy as np
import pytest
import soundfile

from umtn_core.audio.formats import AIFF_FULL, FORMATS, check_form, open_writer, size_of
from umtn_core.audio.write import write_audio
from umtn_core.errors import UmtnError

RATES = (
    1_000, 5_512, 8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 37_800, 44_100, 48_000,
    48_001, 64_000, 65_535, 65_537, 88_200, 96_000, 192_000, 200_001, 384_000, 655_350, 768_000,
    1_000_000,
)  # fmt: skip
CHANNELS = (1, 2, 3, 6, 8, 9, 16, 64)


def noise(channels, samples=700):
    return np.random.default_rng(1).uniform(-0.5, 0.5, (channels, samples)).astype(np.float32)


@pytest.mark.parametrize("ending", FORMATS)
def test_what_is_not_refused_is_written_and_read_by_another_decoder(tmp_path, ending):
    held = 0
    for rate in RATES:
        for channels in CHANNELS:
            path = tmp_path / f"{rate}_{channels}{ending}"
            try:
                check_form(ending, channels, rate)
            except UmtnError:
                with pytest.raises(UmtnError, match="cannot hold"):
                    write_audio(path, noise(channels), rate)
                assert not path.exists()
                continue
            write_audio(path, noise(channels), rate)
            info = soundfile.info(path)
            assert (info.channels, info.samplerate, info.frames) == (channels, rate, 700)
            held += 1
    assert held >= 18


@pytest.mark.parametrize(
    ("ending", "channels", "rate", "why"),
    [
        (".mp3", 1, 96_000, "96000 samples a second"),
        (".mp3", 2, 48_001, "48001 samples a second"),
        (".mp3", 3, 44_100, "3 channels"),
        (".mp3", 6, 16_000, "6 channels"),
        (".flac", 9, 44_100, "9 channels"),
        (".flac", 1, 768_000, "768000 samples a second"),
        (".ogg", 2, 384_000, "384000 samples a second"),
    ],
)
def test_the_sentence_says_what_is_too_much_and_what_can_hold_it(ending, channels, rate, why):
    with pytest.raises(UmtnError, match=f"{ending[1:].upper()} cannot hold {why}") as error:
        check_form(ending, channels, rate)
    offered = str(error.value).partition("choose ")[2].partition(" instead of ")[0]
    assert ".wav" in offered and ending not in offered.replace(",", "").split()
    for each in offered.replace(",", "").replace(" or ", " ").split():
        check_form(each, channels, rate)


def test_mp3_takes_the_rates_of_mpeg_1_2_and_2_5():
    taken = []
    for rate in RATES:
        try:
            check_form(".mp3", 2, rate)
        except UmtnError:
            continue
        taken.append(rate)
    assert taken == [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]


@pytest.mark.parametrize("channels", [0, -1, 65, 1_024, 70_000])
def test_a_number_of_channels_that_no_recording_has_is_refused(channels):
    # The writer of AIFF ends the process with a thousand.
    for ending in FORMATS:
        with pytest.raises(UmtnError, match=f"64 channels, not {channels}"):
            check_form(ending, channels, 44_100)


@pytest.mark.parametrize("rate", [0, -44_100, 0.5, 44_100.5, 999, 2**31, float("nan"), 1e30])
def test_a_rate_that_no_recording_has_is_refused(rate):
    for ending in FORMATS:
        with pytest.raises(UmtnError, match="whole number from 1000 to 1000000 Hz"):
            check_form(ending, 1, rate)


class Head(io.RawIOBase):
    """A file that keeps of what is written into it where the end is, and how it begins."""

    def __init__(self):
        self.begin, self.place, self.size = bytearray(100), 0, 0

    def write(self, data):
        if self.place < 100:
            part = bytes(data[: 100 - self.place])
            self.begin[self.place : self.place + len(part)] = part
        self.place += len(data)
        self.size = max(self.size, self.place)
        return len(data)

    def seek(self, place, whence=0):
        self.place = place + (0, self.place, self.size)[whence]
        return self.place

    def tell(self):
        return self.place

    def seekable(self):
        return True

    def writable(self):
        return True


def write_silence(ending, samples, channels=64):
    file = Head()
    block = np.zeros((channels, 1 << 17), np.float32)
    with open_writer(file, ending, channels, 48_000) as writer:
        for done in range(0, samples, block.shape[1]):
            writer.write(block[:, : samples - done])
    return file


def test_aiff_is_refused_from_the_length_at_which_its_writer_gives_up():
    most = (AIFF_FULL - 1) // (64 * 3)
    check_form(".aiff", 64, 48_000, most)
    assert write_silence(".aiff", most).size > 64 * 3 * most
    with pytest.raises(UmtnError, match=r"AIFF cannot hold more than 4\.29 GB.*\.wav"):
        check_form(".aiff", 64, 48_000, most + 1)
    with pytest.raises(RuntimeError):
        write_silence(".aiff", most + 1)


@pytest.mark.long
def test_wav_of_more_than_4_gib_is_written_as_rf64():
    samples = 2**32 // (64 * 4) + 1
    check_form(".wav", 64, 48_000, samples)
    assert write_silence(".wav", samples).begin[:4] == b"RF64"


@pytest.mark.parametrize("ending", [".wav", ".aiff", ".aif"])
def test_the_size_of_plain_formats_is_known(tmp_path, ending):
    write_audio(tmp_path / f"a{ending}", noise(3), 44_100)
    size = (tmp_path / f"a{ending}").stat().st_size
    assert size - 200 < size_of(ending, 3, 700) <= size


@pytest.mark.parametrize("ending", [".flac", ".ogg", ".mp3"])
def test_the_size_of_other_formats_is_not(ending):
    assert size_of(ending, 3, 700) is None

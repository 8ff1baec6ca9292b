"""Audio files, resampling, loudness and channels, on float32 arrays (channels, samples)."""

from umtn_core.audio.loudness import loudness
from umtn_core.audio.read import read_audio
from umtn_core.audio.resample import resample
from umtn_core.audio.write import check_output, write_audio

__all__ = ["check_output", "loudness", "read_audio", "resample", "write_audio"]

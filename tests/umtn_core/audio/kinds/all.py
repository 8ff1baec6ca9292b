"""All kinds of files."""

from __future__ import annotations

from tests.umtn_core.audio.kinds import aiff, flac, mp3, ogg, others, wav

KINDS = [kind for module in (wav, aiff, mp3, flac, ogg, others) for kind in module.KINDS]

"""What was heard in a recording, before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass

#: MIDI pitches, 0 to 127.
PITCHES = 128


@dataclass(frozen=True)
class Findings:
    """What was heard in a recording. Shares are of the time in which it sounds, 0 to 1.

    Parameters
    ----------
    pitches
        How the time with a single clear pitch is divided among the MIDI pitches, 128 shares that
        add up to 1; all 0 where no pitch is clear.
    pitched
        The share with a clear pitch, of one voice.
    several
        The share in which several notes are held at once.
    unpitched
        The share without any pitch.
    wandering
        Whether little of the pitch is held, and much of it is missing, as in speech.
    level
        The loudest passage's root mean square, in dB of full scale; minus infinity where every
        sample is 0.
    peak
        Largest absolute sample of what was listened to, in dB of full scale.
    seconds
        How long it sounds, in what was listened to.
    """

    pitches: tuple[float, ...]
    pitched: float
    several: float
    unpitched: float
    wandering: bool
    level: float
    peak: float
    seconds: float

    def inside(self, lowest: float, highest: float, transposed: int = 0) -> float:
        """Return the share of the pitched time within a range, when it is transposed.

        Parameters
        ----------
        lowest, highest
            The range, MIDI pitches.
        transposed
            Semitones that the recording is raised by.
        """
        return sum(
            share
            for pitch, share in enumerate(self.pitches)
            if lowest <= pitch + transposed <= highest
        )

    def above(self, highest: float, transposed: int = 0) -> float:
        """Return the share of the pitched time above a pitch; see `inside`.

        Parameters
        ----------
        highest
            The highest MIDI pitch that does not count.
        transposed
            Semitones that the recording is raised by.
        """
        return self.inside(highest + 1e-6, 1e6, transposed)

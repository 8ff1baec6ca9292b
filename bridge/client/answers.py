"""What the bridge answers, as a client's user gets it."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.protocol import FINAL
from umtn_core.errors import UmtnError


class BridgeError(UmtnError):
    """The bridge refused a request, a job has failed, or there is no bridge.

    Parameters
    ----------
    code
        One of `bridge.protocol.ERRORS`, or ``unreachable``.
    message
        One sentence that says what to do.
    """

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Pong:
    """Who answers.

    Parameters
    ----------
    version
        The bridge's version of umtn.
    protocol
        The version of the OSC messages that it speaks.
    session_folder
        Where inputs may always be put.
    """

    version: str
    protocol: int
    session_folder: str


@dataclass(frozen=True)
class Model:
    """One model that the bridge has."""

    name: str
    targets: tuple[str, ...]
    licence: str
    engines: tuple[str, ...]


@dataclass(frozen=True)
class Converted:
    """A file that the bridge has written.

    Parameters
    ----------
    output
        The file's path.
    sample_rate
        The file's samples a second.
    channels
        The number of channels.
    samples
        The number of samples of each channel.
    """

    output: str
    sample_rate: int
    channels: int
    samples: int


@dataclass(frozen=True)
class JobStatus:
    """How far a job is.

    Parameters
    ----------
    id
        The job's id, which its client chose.
    state
        ``queued``, ``running``, ``done``, ``failed`` or ``cancelled``.
    fraction
        The share of the work that is done, 0 to 1.
    seconds_left
        The seconds that it will take yet; None while nobody knows.
    output
        Path of the result; there is a file once the job is done.
    code, message
        Why it failed.
    note
        What of the region the model was not taught, and what would help; may be empty.
    offer
        The transposition that the note offers, as `render` takes it: ``octave``, a number of
        semitones, or nothing.
    """

    id: str
    state: str
    fraction: float = 0.0
    seconds_left: float | None = None
    output: str = ""
    code: str = ""
    message: str = ""
    note: str = ""
    offer: str = ""

    @property
    def finished(self) -> bool:
        """Whether nothing more will become of it."""
        return self.state in FINAL

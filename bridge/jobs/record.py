"""A job as it is stored: what clients see, and what a restarted bridge needs to go on."""

from __future__ import annotations

import msgspec

from bridge.jobs.request import Job, RenderRequest
from bridge.protocol import FINAL, State


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything about a job that must outlive the process.

    Attributes
    ----------
    asked
        The request as it came, to tell the same one from another under its id.
    request
        The request as it is carried out, with real paths and an output.
    state, code, message, created, updated
        How the job is, why, and since when, as in `bridge.jobs.request.Job`.
    input_size, input_mtime_ns
        The input's size in bytes and its time of change, when the job was accepted.
    input_remark
        What is odd of the input and can be heard, in a sentence; else empty. The note has it too.
    batch
        Name under which its decoding was last saved, or empty.
    crashes
        How often the render worker was lost while it rendered this job.
    ended
        When it ended, in `bridge.jobs.storage.clock.Clock`'s own time, which never goes back; 0
        before. By it jobs grow old, and not by the other times, which are the machine's.
    note
        What is odd of the input, what of the region the model was not taught, and what would help;
        the latter is missing until the region was listened to, and where nothing is amiss.
    offer
        The transposition that the note offers: ``octave``, a number of semitones, or nothing.
    output_size, output_mtime_ns
        The result's size in bytes and its time of change, once the job is done; -1 and 0 before.
    """

    asked: RenderRequest
    request: RenderRequest
    state: State = "queued"
    code: str = ""
    message: str = ""
    created: float = 0.0
    updated: float = 0.0
    input_size: int = 0
    input_mtime_ns: int = 0
    batch: str = ""
    crashes: int = 0
    output_size: int = -1
    output_mtime_ns: int = 0
    note: str = ""
    offer: str = ""
    input_remark: str = ""
    ended: float = 0.0

    @property
    def id(self) -> str:
        """The client's."""
        return self.asked.id

    @property
    def finished(self) -> bool:
        """Whether its state is final."""
        return self.state in FINAL

    def job(self, fraction: float = 0.0, seconds_left: float | None = None) -> Job:
        """Return what clients get to see."""
        return Job(
            id=self.id,
            request=self.request,
            state=self.state,
            fraction=1.0 if self.state == "done" else fraction,
            seconds_left=seconds_left,
            output=self.request.output,
            code=self.code,
            message=self.message,
            note=self.note,
            offer=self.offer,
            created=self.created,
            updated=self.updated,
        )

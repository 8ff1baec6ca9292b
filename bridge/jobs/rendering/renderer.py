"""The interface between the scheduler and whatever renders.

`local_renderer` beside it renders in processes on this machine, and is the only one there is. One
that renders on a cluster would be another implementation: it is asked which of its slots could
take a request, is given batches for them, and reports what becomes of each job.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from bridge.jobs.request import RenderRequest


class Order(msgspec.Struct, frozen=True):
    """A job as a renderer gets it.

    Attributes
    ----------
    request
        The request as it was accepted, with real paths.
    input_size, input_mtime_ns
        The input's size in bytes and its time of change, when the job was accepted.
    asked_input, asked_output
        The paths as they were sent, for what is said of them; the latter may be empty.
    """

    request: RenderRequest
    input_size: int
    input_mtime_ns: int
    asked_input: str = ""
    asked_output: str = ""


class JobBatch(msgspec.Struct, frozen=True):
    """Compatible jobs for one slot.

    Attributes
    ----------
    name
        The name under which it is saved; the same name goes on with what was.
    orders
        The jobs, one at least, the most urgent first. The renderer may leave out all others.
    """

    name: str
    orders: tuple[Order, ...]


class Began(msgspec.Struct, frozen=True, tag=True):
    """These jobs of the batch are being rendered; the others were left out and wait again."""

    ids: tuple[str, ...]


class Progressed(msgspec.Struct, frozen=True, tag=True):
    """How far the batch is."""

    fraction: float
    seconds_left: float | None = None


class Rendered(msgspec.Struct, frozen=True, tag=True):
    """A job's result is whole at its output path, and of this size and age."""

    id: str
    size: int
    mtime_ns: int


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A job has ended without a result, for a reason that lies in it."""

    id: str
    code: str
    message: str


class Dropped(msgspec.Struct, frozen=True, tag=True):
    """A job was cancelled, and will have no result."""

    id: str


Report = Began | Progressed | Rendered | Failed | Dropped

#: How a batch ended: every job of it reported on, or stopped and saved, to be gone on with.
Ending = Literal["finished", "paused"]


class LostError(Exception):
    """Whatever rendered a batch has gone: it crashed, was killed, or ran out of memory.

    It will not give a result its name any more.

    Parameters
    ----------
    message
        Half a sentence that says so, beginning with the verb.
    from_outside
        Whether it is known that none of the batch's jobs was the reason.
    """

    def __init__(self, message: str, from_outside: bool = False):
        super().__init__(message)
        self.from_outside = from_outside


class Renderer(ABC):
    """Somewhere to render."""

    @abstractmethod
    async def start(self) -> None:
        """Get ready; called once before all else."""

    @abstractmethod
    async def stop(self) -> None:
        """Let go of everything; no batch is being rendered any more."""

    @abstractmethod
    def slots_for(self, engine: str) -> Sequence[str]:
        """Name the slots that could render with a decode engine, taken or not, best first."""

    @abstractmethod
    async def render(self, slot: str, batch: JobBatch, report: Callable[[Report], None]) -> Ending:
        """Render a batch in a slot.

        Parameters
        ----------
        slot
            The name of a slot from `slots_for`, which has no other batch.
        batch
            Jobs that agree in everything that `bridge.jobs.rendering.waiting.compatibility` lists.
        report
            Called with what there is to say, on the event loop.

        Raises
        ------
        LostError
            What was saved stays.
        """

    @abstractmethod
    async def cancel(self, slot: str, id: str) -> None:
        """Ask for a job to be dropped; `Dropped` or another of its reports follows soon."""

    @abstractmethod
    async def pause(self, slot: str) -> None:
        """Ask for a batch to be saved and stopped; `render` returns soon."""

    @abstractmethod
    def kill(self, slot: str) -> None:
        """End whatever renders in a slot at once; `render` raises `LostError`."""

    @abstractmethod
    def published(self, order: Order) -> Rendered | None:
        """Find a result that is whole and has its name, whether or not that was reported.

        Called in a thread, for a job that nothing renders at the time: what it returns decides
        whether the job is done, before anything else becomes of it. What it has to remember for
        that it keeps until `forget`, or `forget_all_but`, is told that the job has ended.
        """

    @abstractmethod
    def forget(self, name: str, ids: Iterable[str]) -> None:
        """Delete what was saved of a batch, and of these jobs, which have all ended.

        Parameters
        ----------
        name
            The name of a batch that does not go on; empty, none.
        ids
            Jobs that have ended, and are written down as such.
        """

    @abstractmethod
    def forget_all_but(self, names: Container[str], ids: Iterable[str]) -> None:
        """Delete whatever was saved of other batches and jobs."""

    @abstractmethod
    def saved(self) -> Mapping[str, int]:
        """Name the batches that something is saved of.

        Returns
        -------
        mapping
            By name, a number that is another one whenever the batch was saved anew.
        """

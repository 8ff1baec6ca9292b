"""A training step that is recorded once and replayed for every batch.

On a GPU a step is thousands of kernels, and launching them one by one can take longer than what
they do. A recorded step (a CUDA graph) is launched as a whole. It reads and writes the same
memory each time, so whatever changes from batch to batch lies in tensors on the device: the
batch, the pace and the adversarial weight. Nothing in it waits for the device: where a gradient is
no longer a number, the optimisers skip that step and all after it, and the run hears of it at the
next `CapturedStep.look`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from umtn_core.errors import UmtnError
from umtn_core.training.objective import Losses
from umtn_core.training.segments import TrainingSegment

#: Finds the gradients of a batch at an adversarial weight, and leaves them with their weights:
#: losses, and the norms of the gradients, Tensor[groups].
Learn = Callable[[TrainingSegment, Tensor], tuple[Losses, Tensor]]


class Graph:
    """Work on a GPU, recorded after a few times.

    Parameters
    ----------
    work
        Reads and writes the same tensors each time, and returns tensors.
    """

    #: Times that it is done plainly first: libraries choose and allocate at their first calls, and
    #: what is compiled is compiled then, forward at the first call and backward in it.
    WARM_UP = 3

    def __init__(self, work: Callable[[], Losses]):
        self.work = work
        self.done = 0
        self.side = torch.cuda.Stream()
        #: The graph, and the tensors that its replays write to.
        self.recorded: tuple[torch.cuda.CUDAGraph, Losses] | None = None

    def __call__(self) -> Losses:
        """Do the work; what is returned is overwritten by the next call.

        Raises
        ------
        UmtnError
            If it cannot be recorded.
        """
        if self.recorded is None and self.done < self.WARM_UP:
            self.done += 1
            self.side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.side):
                result = self.work()
            torch.cuda.current_stream().wait_stream(self.side)
            return result
        if self.recorded is None:
            self.recorded = self._record()
        graph, result = self.recorded
        graph.replay()
        return result

    def _record(self) -> tuple[torch.cuda.CUDAGraph, Losses]:
        graph = torch.cuda.CUDAGraph()
        try:
            # Other threads, such as the one that pins batches, may go on meanwhile.
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                return graph, self.work()
        except RuntimeError as error:
            reason = str(error).partition("\n")[0].rstrip(".")
            raise UmtnError(
                f"The training step could not be recorded as a CUDA graph ({reason}): "
                "set machine.capture to off."
            ) from error


class CapturedStep:
    """Steps of all optimisers on batches of one shape.

    On a processor it does the same without a graph, which gains nothing and lets it be tested.

    Parameters
    ----------
    learn
        Finds losses and gradients of a batch at an adversarial weight, on the device.
    optimisers
        Fused ones, whose groups say their ``full`` rates.
    batch
        The first one, for its shape and device.
    """

    def __init__(
        self, learn: Learn, optimisers: Sequence[torch.optim.Optimizer], batch: TrainingSegment
    ):
        strange = [type(o).__name__ for o in optimisers if not _skips(o)]
        if strange:
            raise UmtnError(
                f"A step with {strange[0]} cannot be captured: set machine.capture to off."
            )
        self.learn, self.optimisers = learn, optimisers
        self.batch = TrainingSegment(*(torch.empty_like(part) for part in batch))
        device = batch.heard.device
        self.adversarial = torch.zeros((), device=device)
        self.pace = torch.zeros((), device=device)
        #: 1 once a gradient was no number, and how many steps were taken before.
        self.spoilt = torch.zeros((), device=device)
        self.taken = torch.zeros((), device=device, dtype=torch.int64)
        self.rates = []
        for optimiser in optimisers:
            # PyTorch reads it where it is, and declares it nowhere.
            optimiser.found_inf = self.spoilt  # type: ignore[attr-defined]
            # It would warn of the steps before the recording.
            optimiser._warned_capturable_if_run_uncaptured = True
            for group in optimiser.param_groups:
                group["lr"], group["capturable"] = torch.zeros((), device=device), True
                self.rates.append((group["lr"], group["full"]))
        self.run = Graph(self._work) if device.type == "cuda" else self._work
        self.precision: dict[str, Any] = {
            "device_type": device.type,
            "dtype": torch.get_autocast_dtype(device.type),
            "enabled": torch.is_autocast_enabled(device.type),
            # A weight that was rounded before would be recorded as it was then, and never again.
            "cache_enabled": False,
        }

    def __call__(self, batch: TrainingSegment, pace: float, adversarial: float) -> Losses:
        """Take a step.

        Parameters
        ----------
        batch
            A batch of the shape of the first.
        pace
            The factor on all rates.
        adversarial
            The weight of the confusion.

        Returns
        -------
        Losses
            On the device; the next step overwrites them.
        """
        for kept, part in zip(self.batch, batch, strict=True):
            kept.copy_(part, non_blocking=True)
        # A fill is a launch with a number; copying the number would wait.
        self.pace.fill_(pace)
        self.adversarial.fill_(adversarial)
        return self.run()

    def look(self) -> int | None:
        """Wait for the device, and say how many steps it took before one that spoilt the run.

        Returns
        -------
        int or None
            None while all is sound.
        """
        return int(self.taken) if self.spoilt.item() else None

    def _work(self) -> Losses:
        for rate, full in self.rates:
            torch.mul(self.pace, full, out=rate)
        with torch.autocast(**self.precision):
            found, norms = self.learn(self.batch, self.adversarial)
        self.spoilt.copy_(torch.maximum(self.spoilt, (~torch.isfinite(norms)).any().float()))
        self.taken.add_((self.spoilt == 0).long())
        for optimiser in self.optimisers:
            optimiser.step()
        return Losses(*(part.detach() for part in found))


def _skips(optimiser: torch.optim.Optimizer) -> bool:
    """Whether it leaves out steps that ``found_inf`` tells it to, as gradient scalers want it."""
    return getattr(optimiser, "_step_supports_amp_scaling", False)

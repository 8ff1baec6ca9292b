"""The engine for processors: a bundle's decoder on kernels of our own."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.companding import LEVELS
from umtn_core.decode.arrays import checked
from umtn_core.decode.cpu.cpu_weights import decoder_weights
from umtn_core.decode.engine import Engine, Stepper, check_precision
from umtn_core.decode.patience import Patience
from umtn_core.decode.sampling import Sampling
from umtn_core.errors import UmtnError
from umtn_core.native.calls import check, pointer_to, room_in, targets
from umtn_core.native.library import ffi, open_library
from umtn_core.runtime import available_cores

Precision = Literal["fp32", "bf16", "int8"]

#: Multiply-adds a step of all streams, below which threads cost more to bring together than
#: they save.
WORTH_A_TEAM = 1_000_000


class CpuEngine(Engine):
    """Steps one domain's decoder in C++.

    Parameters
    ----------
    bundle
        The model that the decoder is of.
    domain
        The domain whose decoder it is.
    threads
        The number of threads in all; None, one for each core this process may use.
    precision
        The precision of the layers' products; sums and gates' inputs are float32 always, and the
        two layers before the logits never in less than bfloat16.
        ``int8`` is fast only where the processor has VNNI, ``bf16`` where it has
        AVX512-BF16; everywhere else they work too.
    target
        One of `targets`; None, the fastest.

    Raises
    ------
    UmtnError
        If the library is missing, the bundle has no such domain, its weights are not
        numbers, or there is no such precision or target.
    """

    name = "cpu"

    #: Whether threads may share the steps of one batch when there are fewer batches than threads:
    #: half as fast again on cores that nothing else wants, but many times slower on busy ones,
    #: since the threads meet twice a layer.
    teams = False

    def __init__(
        self,
        bundle: Bundle,
        domain: str,
        threads: int | None = None,
        precision: Precision = "fp32",
        target: str | None = None,
    ):
        check_precision(precision, get_args(Precision))
        self._library = open_library()
        self.target = targets()[0] if target is None else target
        if self.target not in targets():
            raise UmtnError(
                f"This processor or build has no {self.target!r}; choose one of "
                f"{', '.join(targets())}."
            )
        super().__init__(bundle, domain)
        self.threads = max(1, threads or available_cores())
        self.precision = precision
        self.encoder_precision = precision
        with decoder_weights(bundle, domain) as (shape, weights):
            handle = ffi.new("umtn_model **")
            number = get_args(Precision).index(precision)
            check(
                self._library.umtn_model_open(shape, weights, self.target.encode(), number, handle)
            )
        self.model = ffi.gc(handle[0], self._library.umtn_model_close)

    def stepper(self, streams: int, sampling: Sampling, threads: int = 1) -> CpuStepper:
        """See `Engine.stepper`."""
        if not self.teams or streams * self.shape.multiply_adds < WORTH_A_TEAM:
            threads = 1
        return CpuStepper(self, streams, sampling, threads)


class CpuStepper(Stepper):
    """Streams advanced by the library.

    Parameters
    ----------
    engine
        The engine that has the model.
    streams
        The number of streams.
    sampling
        Temperature and top-p.
    threads
        The number of threads that share the work of each step.
    """

    def __init__(self, engine: CpuEngine, streams: int, sampling: Sampling, threads: int = 1):
        super().__init__(engine, streams)
        self._library = open_library()
        self._engine = engine  # the batch refers to its model
        self._patience = Patience()
        handle = ffi.new("umtn_batch **")
        temperatures = ffi.new("double[]", list(sampling.temperatures(self._shape.bands)))
        check(
            self._library.umtn_batch_open(
                engine.model, streams, threads, temperatures, sampling.top_p, handle
            )
        )
        self._batch = ffi.gc(handle[0], self._library.umtn_batch_close)

    def _load(
        self, time: int, recent: NDArray[np.int64], rings: Sequence[NDArray[np.float32]]
    ) -> None:
        recent = np.ascontiguousarray(recent)
        for i, ring in enumerate(rings):
            values = np.ascontiguousarray(ring)
            check(
                self._library.umtn_batch_load(
                    self._batch,
                    i,
                    time,
                    pointer_to("int64_t", recent[i]),
                    pointer_to("float", values),
                )
            )

    def _store(self, rings: Sequence[NDArray[np.float32] | None]) -> None:
        for i, ring in enumerate(rings):
            if ring is not None:
                check(self._library.umtn_batch_store(self._batch, i, room_in("float", ring)))

    def _condition(self, conditioning: NDArray[np.float32]) -> None:
        self._conditioning = np.ascontiguousarray(conditioning)

    def _steps(self, uniforms: NDArray[np.float32], codes: NDArray[np.uint8], stop: Event) -> int:
        bands, total = self._shape.bands, codes.shape[1]
        filled, made = room_in("uint8_t", codes), 0
        for steps in self._patience.runs(total // bands, stop):
            end = made + steps * bands
            numbers = np.ascontiguousarray(uniforms[:, made:end])
            check(
                self._library.umtn_batch_steps(
                    self._batch,
                    pointer_to("float", self._conditioning),
                    pointer_to("float", numbers),
                    filled + made,
                    total,
                    steps,
                )
            )
            made = end
        return made

    def _score(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        total = codes.shape[1]
        codes = np.ascontiguousarray(codes)
        logits = np.empty((self._streams, total, LEVELS), np.float32)
        check(
            self._library.umtn_batch_score(
                self._batch,
                pointer_to("float", self._conditioning),
                pointer_to("uint8_t", codes),
                total,
                room_in("float", logits),
                total // self._shape.bands,
            )
        )
        return logits


def measured_peak(precision: Precision = "fp32", target: str | None = None) -> float:
    """Multiply-adds a second that one core does when it does nothing else."""
    number = get_args(Precision).index(precision)
    name = targets()[0] if target is None else target
    peak: float = open_library().umtn_measure_peak(name.encode(), number)
    return peak * 1e9


def drawn(
    logits: NDArray[np.float32],
    uniforms: NDArray[np.float32],
    sampling: Sampling,
    target: str | None = None,
) -> NDArray[np.uint8]:
    """Draw codes as the kernels do; see `umtn_core.decode.sampling.draw`."""
    rows = len(logits)
    logits = checked("cpu", logits, np.float32, (rows, LEVELS))
    uniforms = checked("cpu", uniforms, np.float32, (rows,))
    codes = np.empty(rows, np.uint8)
    name = targets()[0] if target is None else target
    check(
        open_library().umtn_draw(
            name.encode(),
            pointer_to("float", logits),
            pointer_to("float", uniforms),
            rows,
            sampling.temperature,
            sampling.top_p,
            room_in("uint8_t", codes),
        )
    )
    return codes

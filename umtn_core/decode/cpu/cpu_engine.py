"""The engine for processors: a bundle's decoder on kernels of our own."""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from threading import Event
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.decode.conditioner import Conditioner
from umtn_core.decode.cpu.cpu_weights import decoder_weights
from umtn_core.decode.engine import Engine, Stepper
from umtn_core.decode.sampling import Sampling
from umtn_core.errors import UmtnError
from umtn_core.native.calls import check, check_array, checked, pointer_to, room_in, targets
from umtn_core.native.library import ffi, open_library
from umtn_core.runtime import available_cores
from umtn_core.shape import NetworkShape

Precision = Literal["fp32", "bf16", "int8"]

#: Multiply-adds a step of all streams, below which threads cost more to bring together than
#: they save.
WORTH_A_TEAM = 1_000_000

#: How long the kernels run before a stop is looked for, in seconds.
PATIENCE = 0.02


class CpuEngine(Engine):
    """Steps one domain's decoder in C++.

    Parameters
    ----------
    bundle
        The model.
    domain
        Whose decoder.
    threads
        Threads in all; None, one for each core this process may use.
    precision
        Of the layers' products; sums and gates' inputs are float32 always, and the two
        layers before the logits never in less than bfloat16.
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
        if precision not in get_args(Precision):
            raise UmtnError(
                f"There is no precision {precision!r}; choose one of "
                f"{', '.join(get_args(Precision))}."
            )
        self._library = open_library()
        self.target = targets()[0] if target is None else target
        if self.target not in targets():
            raise UmtnError(
                f"This processor or build has no {self.target!r}; choose one of "
                f"{', '.join(targets())}."
            )
        self.shape: NetworkShape = bundle.shape
        self.fingerprint = bundle.decoder_fingerprint(domain)
        self.threads = max(1, threads or available_cores())
        self.precision = precision
        self.encoder_precision = precision
        self._conditioner = Conditioner(bundle, domain)
        with decoder_weights(bundle, domain) as (shape, weights):
            handle = ffi.new("umtn_model **")
            number = get_args(Precision).index(precision)
            check(
                self._library.umtn_model_open(shape, weights, self.target.encode(), number, handle)
            )
        self.model = ffi.gc(handle[0], self._library.umtn_model_close)

    def condition(self, latents: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine.condition`."""
        return self._conditioner(latents)

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
        Of the model.
    streams
        How many.
    sampling
        Temperature and top-p.
    threads
        That share the work of each step.
    """

    def __init__(self, engine: CpuEngine, streams: int, sampling: Sampling, threads: int = 1):
        self._library = open_library()
        self._engine = engine  # the batch refers to its model
        self._shape = engine.shape
        self._streams = streams
        self._seconds_a_step = PATIENCE
        handle = ffi.new("umtn_batch **")
        temperatures = ffi.new("double[]", list(sampling.temperatures(self._shape.bands)))
        check(
            self._library.umtn_batch_open(
                engine.model, streams, threads, temperatures, sampling.top_p, handle
            )
        )
        self._batch = ffi.gc(handle[0], self._library.umtn_batch_close)

    def load(
        self, time: int, recent: NDArray[np.int64], rings: Sequence[NDArray[np.float32]]
    ) -> None:
        """See `Stepper.load`."""
        recent = checked(recent, np.int64, (self._streams, self._shape.input_codes))
        if time < 0:
            raise UmtnError(f"A stream cannot be at the position {time}.")
        for i, ring in enumerate(self._rings(rings)):
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

    def store(self, rings: Sequence[NDArray[np.float32]]) -> None:
        """See `Stepper.store`."""
        for i, ring in enumerate(self._rings(rings)):
            check(self._library.umtn_batch_store(self._batch, i, room_in("float", ring)))

    def steps(
        self,
        conditioning: NDArray[np.float32],
        uniforms: NDArray[np.float32],
        codes: NDArray[np.uint8],
        stop: Event,
    ) -> int:
        """See `Stepper.steps`."""
        conditioning = self._conditioning(conditioning)
        bands, total = self._shape.bands, codes.shape[1]
        self._check_whole_steps(total)
        uniforms = checked(uniforms, np.float32, (self._streams, total))
        check_array(codes, np.uint8, (self._streams, total))
        filled, made = room_in("uint8_t", codes), 0
        while made < total and not stop.is_set():
            began = clock.perf_counter()
            steps = min((total - made) // bands, max(1, int(PATIENCE / self._seconds_a_step)))
            count = steps * bands
            numbers = np.ascontiguousarray(uniforms[:, made : made + count])
            check(
                self._library.umtn_batch_steps(
                    self._batch,
                    pointer_to("float", conditioning),
                    pointer_to("float", numbers),
                    filled + made,
                    total,
                    steps,
                )
            )
            made += count
            self._seconds_a_step = max(1e-7, (clock.perf_counter() - began) / steps)
        return made

    def score(
        self, conditioning: NDArray[np.float32], codes: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        """See `Stepper.score`."""
        conditioning = self._conditioning(conditioning)
        total = codes.shape[1]
        self._check_whole_steps(total)
        codes = checked(codes, np.uint8, (self._streams, total))
        logits = np.empty((self._streams, total, 256), np.float32)
        check(
            self._library.umtn_batch_score(
                self._batch,
                pointer_to("float", conditioning),
                pointer_to("uint8_t", codes),
                total,
                room_in("float", logits),
                total // self._shape.bands,
            )
        )
        return logits

    def _check_whole_steps(self, codes: int) -> None:
        bands = self._shape.bands
        if codes % bands:
            raise UmtnError(
                f"The cpu engine was asked for {codes} codes, which is no whole number of steps "
                f"of {bands}."
            )

    def _conditioning(self, conditioning: NDArray[np.float32]) -> NDArray[np.float32]:
        dims = (self._streams, self._shape.conditioning_width)
        return checked(conditioning, np.float32, dims)

    def _rings(self, rings: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        rows = sum(self._shape.dilations) * (self._shape.decoder_kernel - 1)
        if len(rings) != self._streams:
            raise UmtnError(f"There are {self._streams} streams, but {len(rings)} rings.")
        for ring in rings:
            check_array(ring, np.float32, (rows, self._shape.residual_channels))
        return list(rings)


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
    logits = checked(logits, np.float32, (rows, 256))
    uniforms = checked(uniforms, np.float32, (rows,))
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

"""Which precisions a model may be decoded in, by what its manifest says of them."""

from __future__ import annotations

from umtn_core.bundle import Manifest

#: Nats a sample that a precision may cost.
LIMIT = 0.01

#: Precision of each engine of the ``cpu`` family that is not float32.
LOSSY = {"cpu-bf16": "bf16", "cpu-int8": "int8"}

#: By what measured precision each engine is judged. fp16 has not been measured: it rounds eight
#: times as finely as bf16, so where that loses nothing, fp16 does not either.
_JUDGED_BY = {**LOSSY, "cuda-fp16": "bf16"}


def loss(manifest: Manifest, domain: str, precision: str) -> float | None:
    """Return what a precision costs, in nats a sample; None if the manifest does not say."""
    measured = manifest.precisions
    if measured is None:
        return None
    found = measured.losses.get(precision, {}).get(domain)
    return None if found is None else abs(found.nats)


def is_good_enough(engine: str, manifest: Manifest, domain: str) -> bool:
    """Whether nothing that could be heard is lost by an engine, as far as the manifest says.

    What it does not speak of is not good enough: nobody has measured it.
    """
    if engine not in _JUDGED_BY:
        return True
    lost = loss(manifest, domain, _JUDGED_BY[engine])
    return lost is not None and lost < LIMIT


def why_not_precise_enough(engine: str, manifest: Manifest, domain: str) -> str | None:
    """Say in a sentence why an engine is refused for a model, or None.

    bfloat16 has as many exponents as float32 and has cost little in every network that was
    measured, so a manifest that is silent about it does not forbid it to whoever asks for it. What
    int8 costs depends on the weights.
    """
    if engine not in LOSSY or is_good_enough(engine, manifest, domain):
        return None
    lost = loss(manifest, domain, LOSSY[engine])
    if lost is None and engine == "cpu-bf16":
        return None
    if lost is None:
        return (
            f"This model does not say what {engine} would lose; export it again "
            "with this version of umtn to have that measured, or use the engine cpu-bf16 or cpu."
        )
    return (
        f"This model loses {lost:.2g} nats a sample by {engine}, where less than "
        f"{LIMIT:g} is allowed; use the engine cpu."
    )

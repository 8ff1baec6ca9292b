"""Figures for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

#: Seconds; the promise is 5 ms for 99 in 100.
_ANSWER_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Counts what one bridge does."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._received = Counter(
            "umtn_requests", "Requests received.", ["address"], registry=self._registry
        )
        self._refused = Counter(
            "umtn_refused", "Requests refused, by error code.", ["code"], registry=self._registry
        )
        self._answered = Histogram(
            "umtn_answer_seconds",
            "From a request's arrival to its first answer.",
            registry=self._registry,
            buckets=_ANSWER_BUCKETS,
        )
        self._finished = Counter(
            "umtn_jobs_finished", "Jobs that have ended.", ["state"], registry=self._registry
        )

    def received(self, address: str) -> None:
        """Count a request."""
        self._received.labels(address).inc()

    def refused(self, code: str) -> None:
        """Count an error."""
        self._refused.labels(code).inc()

    def answered(self, seconds: float) -> None:
        """Record how long an answer took."""
        self._answered.observe(seconds)

    def finished(self, state: str) -> None:
        """Count a job that has ended."""
        self._finished.labels(state).inc()

    def watch(self, name: str, description: str, value: Callable[[], float]) -> None:
        """Show a figure that is looked up when somebody asks."""
        Gauge(name, description, registry=self._registry).set_function(value)

    def text(self) -> bytes:
        """Write everything in Prometheus' text format."""
        text: Any = generate_latest(self._registry)
        return bytes(text)

# SPDX-License-Identifier: Apache-2.0
"""Figures for Prometheus: requests by service, and what is stored.

With several workers each writes its counts into files of its own, and whichever is asked adds
them up (`tileserver.observe.multiprocess`).

References
----------
https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from tileserver.observe.multiprocess import FIGURES_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from tileserver.request_log import Answered
    from tileserver.services import Status

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_UNKNOWN = "none"
"""The service of a path that leads nowhere: paths themselves would be labels without end."""


_Key = tuple[object, str, int]
"""Endpoint, method and status."""


@dataclass(frozen=True, slots=True)
class _Series:
    """Where answers of one kind are counted."""

    requests: Counter
    seconds: Histogram
    sent: Counter


class Metrics:
    """The figures of this process, and of all workers where there are several."""

    def __init__(self, status: Status) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "tileserver_requests",
            "Requests answered.",
            ("service", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "tileserver_request_duration_seconds",
            "From the request's first byte to the answer's last.",
            ("service",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._bytes = Counter(
            "tileserver_sent_bytes", "Of answers' bodies.", ("service",), registry=self._registry
        )
        self._stored = _Stored(status)
        self._series: dict[_Key, _Series] = {}

    def observe(self, answered: Iterable[Answered]) -> None:
        """Count answered requests, those of a kind at once."""
        kinds: dict[_Key, list[Answered]] = {}
        for item in answered:
            key = item.scope.get("endpoint"), item.scope["method"], item.status
            kinds.setdefault(key, []).append(item)
        for key, items in kinds.items():
            series = self._series.get(key) or self._new_series(key, items[0].scope)
            series.requests.inc(len(items))
            series.sent.inc(sum(item.sent for item in items))
            for item in items:
                series.seconds.observe(item.seconds)

    def _new_series(self, key: _Key, scope: Mapping[str, Any]) -> _Series:
        """Return where a kind of answer is counted: looking that up takes longer than counting."""
        service, method = service_of(scope), _method(scope["method"])
        series = _Series(
            self._requests.labels(service, method, str(key[-1])),
            self._seconds.labels(service),
            self._bytes.labels(service),
        )
        if method == key[1]:  # of others there can be any number
            self._series[key] = series
        return series

    def text(self) -> bytes:
        """Return the figures in the text format of Prometheus."""
        shown = CollectorRegistry()
        shown.register(self._stored)
        if os.environ.get(FIGURES_FOLDER):
            MultiProcessCollector(shown)  # type: ignore[no-untyped-call]
            return generate_latest(shown)
        ProcessCollector(registry=shown)
        PlatformCollector(registry=shown)
        return generate_latest(self._registry) + generate_latest(shown)


class _Stored(Collector):
    """What is stored, looked up when somebody asks."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the figures."""
        counts = self._status.counts()
        found = (
            ("tileserver_studies", "Studies stored.", counts.studies),
            ("tileserver_series", "Series stored.", counts.series),
            ("tileserver_instances", "Instances stored.", counts.instances),
            ("tileserver_free_bytes", "Free in the store.", self._status.free_bytes()),
        )
        for name, meaning, value in found:
            yield GaugeMetricFamily(name, meaning, value)


def service_of(scope: Mapping[str, Any]) -> str:
    """Return the service that answered, such as ``qido.studies``: its module and its name."""
    endpoint = scope.get("endpoint")
    module = getattr(endpoint, "__module__", "")
    name = getattr(endpoint, "__name__", "")
    return f"{module.rpartition('.')[2]}.{name}" if module and name else _UNKNOWN


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _method(method: str) -> str:
    """Return a known method; anybody can make up others without end."""
    return method if method in _METHODS else "other"

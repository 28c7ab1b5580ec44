"""The numbers in the words of Prometheus; its library writes the formats, and is loaded when somebody asks first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from idp.meters.families import BUCKETS, FAMILIES, Family
from idp.meters.notes import Gauges, Labels, Sums

if TYPE_CHECKING:
    from idp.metrics.reading import Read

_BOUNDS = (*map(str, BUCKETS), "+Inf")


def write(sums: Sums, workers: Mapping[str, Gauges], read: Iterable[Read], accept: str) -> tuple[bytes, str]:
    """All of it, and its content type: OpenMetrics for whoever accepts that, else Prometheus' text."""
    from prometheus_client.exposition import choose_encoder

    encode, content_type = choose_encoder(accept)
    return encode(_Collected([*_families(_all(sums, workers, read))])), content_type


class _Collected:
    """What the encoders take in place of a registry."""

    def __init__(self, families: list[Any]) -> None:
        self._families = families

    def collect(self) -> list[Any]:
        return self._families


def _all(sums: Sums, workers: Mapping[str, Gauges], read: Iterable[Read]) -> dict[str, dict[Labels, Any]]:
    found: dict[str, dict[Labels, Any]] = {name: dict(series) for name, series in sums.items()}
    for worker, gauges in workers.items():
        for name, value in gauges.items():
            found.setdefault(name, {})[(worker,)] = value
    for name, labels, value in read:
        found.setdefault(name, {})[labels] = value
    return found


def _families(found: Mapping[str, Mapping[Labels, Any]]) -> Iterator[Any]:
    for family in FAMILIES:
        made = _made(family)
        for labels, value in found.get(family.name, {}).items():
            if family.kind == "histogram":
                total, *counts = value
                made.add_metric(labels, [*zip(_BOUNDS, accumulate(counts), strict=True)], total)
            else:
                made.add_metric(labels, value)
        yield made


def _made(family: Family) -> Any:
    from prometheus_client import core

    kinds = {
        "counter": core.CounterMetricFamily, "gauge": core.GaugeMetricFamily, "histogram": core.HistogramMetricFamily,
    }  # fmt: skip
    return kinds[family.kind](f"doorward_{family.name}", family.help, labels=family.labels)

"""The drawing of keys' lives: bars on one scale, the same words in a table behind them (K1, B1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from keys.timeline import Phase

WIDTH: Final = 1000.0  # of a drawing, in its own units
_LEAST: Final = 6.0  # a phase is seen, however short it is
_DAY: Final = 86_400.0
_FAR: Final = 180 * _DAY  # further from now nothing is drawn


@dataclass(frozen=True, slots=True)
class Bar:
    """One phase, or the part of it that has been or is to come."""

    state: str
    x: float
    width: float
    planned: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Bars of each key by kid. `now`: where the present stands; `start`, `end`: what the drawing spans."""

    bars: Mapping[str, tuple[Bar, ...]]
    now: float
    start: float
    end: float


def draw(lives: Mapping[str, Iterable[Phase]], now: float) -> Drawing:
    """Every key on one scale, half a year each way at most."""
    phases = {kid: tuple(life) for kid, life in lives.items()}
    starts = [phase.start for life in phases.values() for phase in life]
    ends = [phase.end for life in phases.values() for phase in life if phase.end is not None]
    start = max(min(now, *starts) if starts else now, now - _FAR)
    end = min(max(max(ends, default=now), now + 14 * _DAY), now + _FAR)
    scale = WIDTH / max(end - start, 1.0)
    bars = {
        kid: tuple(bar for phase in life for bar in _bars(phase, now, start, end, scale))
        for kid, life in phases.items()
    }
    return Drawing(bars, (now - start) * scale, start, end)


def _bars(phase: Phase, now: float, start: float, end: float, scale: float) -> Iterable[Bar]:
    first, last = max(phase.start, start), min(phase.end if phase.end is not None else end, end)
    for begins, stops, planned in ((first, min(last, now), False), (max(first, now), last, True)):
        if stops > begins:
            x = (begins - start) * scale
            width = max((stops - begins) * scale, _LEAST)
            yield Bar(phase.state, round(min(x, WIDTH - width), 1), round(width, 1), planned)

"""Geometry of the SVG charts: numbers in, positions out; the templates only draw."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH = 480
HEIGHT = 270
LEFT = 70
RIGHT = 8
TOP = 12
BOTTOM = 52


@dataclass(frozen=True)
class Tick:
    position: float
    label: str


@dataclass(frozen=True)
class Mark:
    """A bar (x, y, width, height) or a point (x, y), and what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    title: str
    below: bool = False


@dataclass(frozen=True)
class Chart:
    """Positions in the units of an SVG viewBox of `width` by `height`."""

    title: str
    x_title: str
    y_title: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    marks: Sequence[Mark]
    baseline: float
    polyline: str = ""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM
    x_title_x: float = (LEFT + WIDTH - RIGHT) / 2
    x_title_y: float = HEIGHT - 8
    y_title_y: float = (TOP + HEIGHT - BOTTOM) / 2


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from at or below `low` to at or above `high`, about `count` of them; always at least two."""
    if high <= low:
        high = low + 1
    rough = (high - low) / count
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(magnitude * factor for factor in (1, 2, 5, 10) if magnitude * factor >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def bar_chart(
    values: Sequence[tuple[str, float, str]], *, title: str, x_title: str, y_title: str, labels: int = 12
) -> Chart:
    """
    `values` are label, value and what to say when pointed at; bars stand on zero, or hang from it.

    Of more than `labels` bars only every second, third and so on is labelled.
    """
    ticks, y_of = _vertical([value for _, value, _ in values])
    slot = (WIDTH - RIGHT - LEFT) / max(1, len(values))
    marks = []
    for index, (_, value, said) in enumerate(values):
        top, bottom = sorted((y_of(value), y_of(0)))
        marks.append(
            Mark(_r(LEFT + slot * (index + 0.12)), _r(top), _r(slot * 0.76), _r(bottom - top), said, value < 0)
        )
    every = max(1, math.ceil(len(values) / labels))
    x_ticks = [Tick(_r(LEFT + slot * (index + 0.5)), values[index][0]) for index in range(0, len(values), every)]
    return Chart(title, x_title, y_title, x_ticks, ticks, marks, _r(y_of(0)))


def line_chart(
    values: Sequence[tuple[str, float, str]], *, title: str, x_title: str, y_title: str, labels: int = 5
) -> Chart:
    """Like bar_chart, as a line through points."""
    ticks, y_of = _vertical([value for _, value, _ in values])
    inner = 36
    step = (WIDTH - RIGHT - LEFT - 2 * inner) / max(1, len(values) - 1)
    marks = [
        Mark(_r(LEFT + inner + step * index), _r(y_of(value)), 0, 0, said)
        for index, (_, value, said) in enumerate(values)
    ]
    every = max(1, math.ceil(len(values) / labels))
    x_ticks = [Tick(mark.x, label) for mark, (label, _, _) in list(zip(marks, values, strict=True))[::every]]
    polyline = " ".join(f"{mark.x},{mark.y}" for mark in marks)
    return Chart(title, x_title, y_title, x_ticks, ticks, marks, _r(y_of(0)), polyline)


def _vertical(values: Sequence[float]) -> tuple[list[Tick], Callable[[float], float]]:
    """The vertical axis: its ticks, and where on it a value stands."""
    numbers = nice_ticks(min([0.0, *values]), max([0.0, *values]))
    low, high = numbers[0], numbers[-1]

    def y_of(value: float) -> float:
        return TOP + (HEIGHT - BOTTOM - TOP) * (high - value) / (high - low)

    return [Tick(_r(y_of(number)), f"{number:,.10g}") for number in numbers], y_of


def _r(number: float) -> float:
    return round(number, 2)

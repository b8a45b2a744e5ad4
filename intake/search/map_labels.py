"""Names on the map: each is written only where it covers no dot and no other name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LETTER, LINE = 5.4, 10  # drawing units: mean width of a letter and height of a line at 9 px
MOST_DOTS, MOST_AROUND = 8, 7
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Wish:
    """A name for a dot of radius r at (x, y), or, when `around`, for a place without records."""

    text: str
    x: float
    y: float
    r: float
    around: bool = False


@dataclass(frozen=True)
class Label:
    """A name as written: x, y of the baseline; anchor start, middle or end."""

    text: str
    x: float
    y: float
    anchor: str
    around: bool


def write_labels(
    wishes: Sequence[Wish], dots: Iterable[tuple[float, float, float]], width: int, height: int
) -> tuple[Label, ...]:
    """Return the names that fit, in the order wished, beside their dots; dots are (x, y, r)."""
    taken = [(x - r, y - r, x + r, y + r) for x, y, r in dots]
    written: list[Label] = []
    room = {False: MOST_DOTS, True: MOST_AROUND}
    for wish in wishes:
        if not room[wish.around]:
            continue
        for label, box in _positions(wish):
            if _inside(box, width, height) and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                written.append(label)
                room[wish.around] -= 1
                break
    return tuple(written)


def _positions(wish: Wish) -> Iterable[tuple[Label, Box]]:
    long, gap = len(wish.text) * LETTER, wish.r + 3
    beside = (
        [("middle", wish.x, wish.y + 3)]
        if wish.around
        else [
            ("start", wish.x + gap, wish.y + 3),
            ("end", wish.x - gap, wish.y + 3),
            ("middle", wish.x, wish.y - gap),
            ("middle", wish.x, wish.y + gap + LINE - 2),
        ]
    )
    for anchor, x, y in beside:
        left = {"start": x, "middle": x - long / 2, "end": x - long}[anchor]
        yield Label(wish.text, round(x, 1), round(y, 1), anchor, wish.around), (left, y - LINE + 2, left + long, y + 2)


def _inside(box: Box, width: int, height: int) -> bool:
    return box[0] > 2 and box[1] > 2 and box[2] < width - 2 and box[3] < height - 2  # noqa: PLR2004


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]

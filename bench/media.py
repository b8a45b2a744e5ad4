"""500 photos to thumbnails: the jail against bare Pillow, on in turns, so that both share the noise."""

from __future__ import annotations

import io
import os
import random
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psutil
from PIL import ExifTags, Image, ImageOps

from bench.workloads import Row
from intake.demo import media
from intake.media import recipes, sandbox
from intake.media.derive import TOGETHER
from intake.media.recipes import THUMBNAIL

_DIFFERENT = 20  # photos of a telephone: 12 megapixels, a few MB


def thumbnails(count: int = 500) -> list[Row]:
    """Measure photos per second of processor time, the jail's and its children's counted.

    Bare: open, draft, shrink, turn, save, in this process and on the same bytes.
    """
    photos = [_photo(seed) for seed in range(_DIFFERENT)]
    spent = {"bare": 0.0, "ours": 0.0, "all": 0.0}
    with sandbox.borrowed() as jail, tempfile.TemporaryDirectory() as folder:
        jail.start()
        ways: dict[str, Callable[[list[bytes]], None]] = {
            "bare": lambda bodies: _bare(bodies, Path(folder) / "t.jpg"),
            "ours": lambda bodies: _ours(jail, bodies),
            "all": lambda bodies: _all(jail, bodies),
        }
        for at in range(0, count, TOGETHER):
            bodies = [photos[number % _DIFFERENT] for number in range(at, min(at + TOGETHER, count))]
            for name, way in ways.items():
                begun = _processor_time(jail)
                way(bodies)
                spent[name] += _processor_time(jail) - begun
    rate = {name: count / seconds for name, seconds in spent.items()}
    return [
        Row(
            f"{count} photos to thumbnails", rate["ours"], rate["bare"], 0.8, "photos/s of one core",
            higher_is_better=True, detail={"all that is made of a photo": rate["all"]},
        )
    ]  # fmt: skip


def _processor_time(jail: sandbox.Jail) -> float:
    mine, theirs = os.times(), psutil.Process(jail.pid).cpu_times()
    return mine.user + mine.system + theirs.user + theirs.system + theirs.children_user + theirs.children_system


def _bare(bodies: list[bytes], out: Path) -> None:
    for body in bodies:
        with Image.open(io.BytesIO(body)) as image:
            image.draft("RGB", (THUMBNAIL, THUMBNAIL))
            image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BICUBIC)
            ImageOps.exif_transpose(image).save(out, "JPEG", quality=82)


def _ours(jail: sandbox.Jail, bodies: list[bytes]) -> None:
    with ExitStack() as folders:
        places = [folders.enter_context(sandbox.folder([body])) for body in bodies]
        jail.parse_each("picture", places, sizes={"thumbnail.jpg": THUMBNAIL})
        for where in places:
            where.read("thumbnail.jpg")


def _all(jail: sandbox.Jail, bodies: list[bytes]) -> None:
    with ExitStack() as folders:
        places = [folders.enter_context(sandbox.folder([body])) for body in bodies]
        for where, studied in zip(places, recipes.study(jail, places), strict=True):
            recipes.quick(jail, where, studied)


def _photo(seed: int) -> bytes:
    # A scene with the grain of a sensor, so that it is as hard to decode as a real photo.
    scene = Image.open(io.BytesIO(media.photo(seed, size=(1600, 1200)))).resize((4000, 3000))
    grain = Image.frombytes("L", (1000, 750), random.Random(seed).randbytes(750_000)).resize((4000, 3000))  # noqa: S311
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    out = io.BytesIO()
    Image.blend(scene, grain.convert("RGB"), 0.08).save(out, "JPEG", quality=88, exif=exif)
    return out.getvalue()


if __name__ == "__main__":
    for row in thumbnails(int(sys.argv[1])):
        print(row.as_json())

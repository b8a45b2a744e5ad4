"""How each derivative is made: which parser or program, with which parameters. Runs in the jail; knows no database.

A step that fails is one quarantined derivative; the others, and the original, are as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any

from intake.media.kinds import DEMUXERS, family
from intake.media.sandbox import MIB, Done, Folder, Jail, Limits, ParserFailed

THUMBNAIL, PREVIEW, PAGE = 512, 2000, 1600  # pixels of the longer side; telephones take 4,000 and 4,032
MOST_PAGES, _PAGES_AT_ONCE = 300, 25
MOST_FRAMES = 24  # of a video that are compared
_PEAKS = 1200
_RATE = 2000  # samples a second of a waveform
_PICTURE = Limits(processes=64)  # HEIF is decoded by a thread
_PAGES = Limits(cpu=120, wall=180, answer=32 * MIB)
_QUICK = Limits(memory=3072 * MIB, cpu=120, wall=180, file=256 * MIB, processes=64)
# 8 hours of sound; a proxy of video is bounded by its size.
_SLOW = Limits(memory=4096 * MIB, cpu=7200, wall=3600, file=4096 * MIB, processes=64)
_SAFE = ("-nostdin", "-hide_banner", "-v", "error", "-protocol_whitelist", "file,pipe", "-threads", "2")
_PLAIN = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a",
          "+bitexact", "-sn", "-dn")  # fmt: skip


@dataclass
class Made:
    """One derivative: a file of the folder, or only `detail` and `content`. parent: '' for the item, else a kind."""

    kind: str
    tool: str
    parameters: dict[str, Any]
    number: int = 0
    name: str = ""
    parent: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    content: str = ""
    failure: str = ""
    absent: bool = False


@dataclass
class Work:
    """What a run has made so far. content: the sniffed type; hashes: of pictures or frames, hex; claims: unverified."""

    jail: Jail
    where: Folder
    content: str = ""
    made: list[Made] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    claims: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def making(self, *several: Made) -> Iterator[None]:
        """Keep these derivatives when the block succeeds, or one of them, quarantined, when its parser fails."""
        try:
            yield
        except ParserFailed as why:
            if why.code == "no_sandbox":
                raise
            first = several[0]
            self.made.append(Made(first.kind, first.tool, first.parameters, first.number, failure=why.code))
        else:
            self.made += several

    def ffmpeg(self, *arguments: str, limits: Limits = _QUICK, out: str) -> None:
        """Run ffmpeg on the file as the kind that its bytes have. Raises ParserFailed when nothing comes out."""
        source = ("-f", DEMUXERS[self.content], "-i", str(self.where.source))
        done = self.jail.run("ffmpeg", [*_SAFE, *source, *arguments, "-y", out], self.where, limits)
        if done.status != 0:
            raise ParserFailed("unreadable", done.peak)


def study(jail: Jail, places: Sequence[Folder]) -> list[Done | ParserFailed]:
    """Look at each file once, in one process: kind, and of a photo all that is made of it. Raises no_sandbox."""
    return jail.parse_each("study", places, _PICTURE, sizes={"thumbnail.jpg": THUMBNAIL, "preview.jpg": PREVIEW})


def quick(jail: Jail, where: Folder, studied: Done | ParserFailed) -> Work:
    """Make what people wait for: type, claims, thumbnail, poster, pages, waveform. Raises ParserFailed no_sandbox."""
    work = Work(jail, where)
    if isinstance(studied, ParserFailed):
        work.made.append(Made("claims", "testigo", {}, failure=studied.code))
        return work
    work.content = studied.answer["content"]
    steps: dict[str, Callable[[Work], None]] = {"video": _video, "sound": _waveform, "pdf": _pdf}
    kind = family(work.content)
    if kind == "picture":
        _picture(work, studied.answer)
    elif step := steps.get(kind):
        claims = Made("claims", "pillow+mediainfo", {})
        with work.making(claims):
            claims.detail = jail.parse("claims", where).answer
        work.claims = claims.detail.get("claims", {})
        step(work)
    return work


def _picture(work: Work, answer: dict[str, Any]) -> None:
    thumbnail = Made("thumbnail", "pillow", {"size": THUMBNAIL}, name="thumbnail.jpg")
    preview = Made("preview", "pillow", {"size": PREVIEW}, name="preview.jpg", detail=answer["picture"])
    claims = Made("claims", "pillow+mediainfo", {}, detail=answer["claims"])
    for part, several in (("claims", (claims,)), ("picture", (thumbnail, preview))):
        with work.making(*several):
            if failure := answer[part].get("failure"):
                raise ParserFailed(failure)
    work.hashes = answer["fingerprint"].get("hashes", [])


def _video(work: Work) -> None:
    at = _seconds(work) / 10
    poster = Made("poster", "ffmpeg", {"seconds": at, "size": 1280}, name="poster.jpg")
    thumbnail = Made("thumbnail", "pillow", {"size": THUMBNAIL}, name="thumbnail.jpg", parent="poster")
    with work.making(poster, thumbnail):
        work.ffmpeg("-ss", f"{at:.2f}", "-frames:v", "1", *_PLAIN, "-update", "1", out="frame.png")
        work.jail.parse_out("picture", work.where, "frame.png", sizes={"poster.jpg": 1280, "thumbnail.jpg": THUMBNAIL})
    every = max(1.0, _seconds(work) / MOST_FRAMES)
    frames = Made("frames", "ffmpeg+dhash", {"every": every})
    with work.making(frames):
        work.ffmpeg("-vf", f"fps=1/{every:.3f},scale=64:64", "-frames:v", str(MOST_FRAMES), out="f%02d.png")
        found = sorted(path.name for path in work.where.out.glob("f[0-9][0-9].png"))
        work.hashes = work.jail.parse_out("fingerprint", work.where, files=found).answer["hashes"]
        frames.detail = {"frames": len(found)}
    if any(name.startswith("audio.") for name in work.claims):
        _waveform(work)


def _waveform(work: Work) -> None:
    waveform = Made("waveform", "ffmpeg", {"rate": _RATE, "peaks": _PEAKS})
    with work.making(waveform):
        work.ffmpeg("-map", "0:a:0", "-ac", "1", "-ar", str(_RATE), "-f", "u8", out="sound.raw")
        waveform.detail = work.jail.parse_out("peaks", work.where, "sound.raw", most=_PEAKS).answer


def _pdf(work: Work) -> None:
    count, first = 1, 1
    while first <= min(count, MOST_PAGES):
        parameters = {"first": first, "last": min(first + _PAGES_AT_ONCE - 1, MOST_PAGES), "size": PAGE}
        before = len(work.made)
        with work.making(Made("page", "pdfium", {"size": PAGE}, first, name=f"page-{first}.jpg")):
            answer = work.jail.parse("pages", work.where, _PAGES, **parameters).answer
            count = answer["count"]
        if work.made[before].failure:
            return
        work.made[before].detail = {"count": count}
        for number, text in enumerate(answer["texts"], first):
            if number > first:
                work.made.append(Made("page", "pdfium", {"size": PAGE}, number, name=f"page-{number}.jpg"))
            if text.strip():
                work.made.append(Made("text", "pdfium", {}, number, content=_clean(text)))
        first += _PAGES_AT_ONCE
    thumbnail = Made("thumbnail", "pillow", {"size": THUMBNAIL}, name="thumbnail.jpg", parent="page")
    with work.making(thumbnail):
        work.jail.parse_out("picture", work.where, "page-1.jpg", sizes={"thumbnail.jpg": THUMBNAIL})


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n")  # PostgreSQL's text holds no NUL


def slow(jail: Jail, where: Folder, content: str) -> Work:
    """Make a proxy that every browser plays: H.264 and AAC in MP4, at most 1280 pixels and 30 frames a second."""
    work = Work(jail, where, content)
    arguments: tuple[str, ...]
    sound = ("-c:a", "aac", "-b:a", "96k", "-ac", "2")
    if family(content) == "video":
        box = "scale=w='min(1280,iw)':h='min(1280,ih)':force_original_aspect_ratio=decrease:force_divisible_by=2"
        picture = ("-map", "0:v:0", "-map", "0:a:0?", "-vf", box, "-fpsmax", "30", "-c:v", "libx264", "-preset",
                   "veryfast", "-crf", "26", "-pix_fmt", "yuv420p")  # fmt: skip
        made = Made("proxy", "ffmpeg", {"codec": "h264+aac", "size": 1280}, name="proxy.mp4")
        arguments = (*picture, *sound)
    else:
        made = Made("proxy", "ffmpeg", {"codec": "aac"}, name="proxy.mp4", detail={"sound": True})
        arguments = ("-map", "0:a:0", *sound)
    with work.making(made):
        work.ffmpeg(*arguments, *_PLAIN, "-movflags", "+faststart", "-f", "mp4", limits=_SLOW, out="proxy.mp4")
    return work


def _seconds(work: Work) -> float:
    try:
        return float(work.claims.get("general.duration", 0)) / 1000
    except ValueError:
        return 0.0


@cache
def version_of(tool: str) -> str:
    """Return the version of a tool that Made names, as it goes into the record."""
    packages = {"pillow": "pillow", "pdfium": "pypdfium2", "ffmpeg": "imageio-ffmpeg", "dhash": "dhash",
                "mediainfo": "pymediainfo", "testigo": "testigo"}  # fmt: skip
    known = [packages[name] for name in tool.split("+") if name in packages]
    return " ".join(f"{name} {metadata.version(name)}" for name in known)

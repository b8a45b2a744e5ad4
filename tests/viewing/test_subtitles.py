"""Subtitles are read strictly, kept as plain words, and written so that no word can become markup."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Invalid
from intake.viewing.subtitles import LONGEST, MOST_CUES, clock, moment, plain, read, write

SRT = "1\r\n00:00:01,500 --> 00:00:03,000\r\n<i>No papers</i>\r\n\r\n2\n01:00:00,000 --> 01:00:02,250\nAnd then\nthey left\n"
VTT = "\ufeffWEBVTT - told\n\nNOTE by hand\n\nintro\n00:08.000 --> 00:31.000 align:start\nsalí a las 6\n"


def test_subrip_and_webvtt_are_read_with_their_times_and_without_their_markup() -> None:
    assert read(SRT) == (
        "srt",
        [
            {"start": 1500, "end": 3000, "text": "No papers"},
            {"start": 3_600_000, "end": 3_602_250, "text": "And then\nthey left"},
        ],
    )
    assert read(VTT) == ("vtt", [{"start": 8000, "end": 31000, "text": "salí a las 6"}])


def test_lines_without_times_are_kept_as_lines() -> None:
    assert read(" one \n\n two ") == (
        "typed",
        [{"start": None, "end": None, "text": "one"}, {"start": None, "end": None, "text": "two"}],
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("\ufeff \n", "empty"),
        ("WEBVTT\n\n00:03.000 --> 00:01.000\nback", "times"),
        ("WEBVTT\n\n00:01.000 --> 00:03.000\n", "times"),
        ("WEBVTT\n\n00:01 --> 00:03\nno milliseconds", "times"),
        ("--> only an arrow", "times"),
        ("a" * (LONGEST + 1), "too_long"),
        ("\n".join("a" for _ in range(MOST_CUES + 1)), "too_long"),
    ],
    ids=["empty", "blank", "backwards", "wordless", "short_times", "arrow", "long_line", "many_lines"],
)
def test_what_cannot_be_is_refused(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(text)
    assert refused.value.fields == {"text": code}


def test_a_word_that_looks_like_markup_or_a_new_cue_stays_a_word() -> None:
    told = write([{"start": 0, "end": 1000, "text": "<script> & \n\n00:09.000 --> 00:10.000"}])
    assert told.count("-->") == 1
    assert "<script>" not in told
    assert read(told)[1][0]["start"] == 0


words = st.text(
    st.characters(codec="utf-8", exclude_characters="<>{}\r\n\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029-"), min_size=1
).filter(lambda text: text.strip() == text and not text.startswith(("WEBVTT", "\ufeff")))


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**5), words), min_size=1, max_size=5))
def test_what_is_written_for_editing_is_read_again_as_it_was(cues: list[tuple[int, int, str]]) -> None:
    made: list[dict[str, Any]] = [{"start": start, "end": start + long, "text": text} for start, long, text in cues]
    kept = sorted(made, key=lambda cue: cue["start"])
    assert read(plain("vtt", kept)) == ("vtt", kept)


@pytest.mark.parametrize(
    ("typed", "ms"),
    [("8", 8000), ("0:08", 8000), ("1:02:03.4", 3_723_400), ("0:00,25", 250), (" ", None)],
    ids=["seconds", "minutes", "hours", "comma", "nothing"],
)
def test_a_moment_is_typed_as_people_say_it(typed: str, ms: int | None) -> None:
    assert moment(typed) == ms
    if ms:
        assert moment(clock(ms)) in {ms, ms - ms % 100}


def test_a_moment_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid):
        moment("soon")

# SPDX-License-Identifier: Apache-2.0
"""Every stored encoding has the media type that the standard gives it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.dicomweb.frame_plans import plan_frames
from tileserver.dicomweb.media_types import (
    AcceptRange,
    Chosen,
    accept_ranges,
    check_charset,
    choose,
    choose_frames,
    frame_media_type,
)
from tileserver.errors import BadRequestError, NotAcceptableError

SYNTAXES = {
    "1.2.840.10008.1.2.1": "application/octet-stream",
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.92": "image/jpx",
    "1.2.840.10008.1.2.4.93": "image/jpx",
    "1.2.840.10008.1.2.4.110": "image/jxl",
    "1.2.840.10008.1.2.4.111": "image/jxl",
    "1.2.840.10008.1.2.4.112": "image/jxl",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    "1.2.3.4.5": "application/octet-stream",
}


def range_of(media_type: str, syntax: str | None = None, *, multipart: bool = True) -> AcceptRange:
    return AcceptRange(media_type, multipart, syntax, 1.0)


@pytest.mark.parametrize(("syntax", "media_type"), SYNTAXES.items())
def test_frames_are_had_by_their_media_type_and_as_octets_of_any_syntax(syntax, media_type):
    octets = range_of("application/octet-stream", "*")

    assert frame_media_type(syntax) == media_type
    assert choose_frames([octets], syntax, one=False) == Chosen("application/octet-stream", True)
    named = syntax if syntax == "1.2.3.4.5" else None  # bytes of who knows what have to be named
    parts, alone = range_of(media_type, named), range_of(media_type, named, multipart=False)
    assert choose_frames([parts], syntax, one=False) == Chosen(media_type, True)
    assert choose_frames([alone], syntax, one=True) == Chosen(media_type, False)
    assert choose_frames([alone], syntax, one=False) is None
    assert choose_frames([range_of("*/*")], syntax, one=False) == Chosen(media_type, True)


@pytest.mark.parametrize("syntax", ["1.2.3.4.5", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.4.50"])
def test_octets_of_no_syntax_are_uncompressed(syntax):
    octets = range_of("application/octet-stream")

    assert choose_frames([octets], syntax, one=True) is None
    assert choose_frames([octets], "1.2.840.10008.1.2.1", one=True) == Chosen(
        "application/octet-stream", True
    )


def planned(accept: str, stored: str, *, one: bool = True) -> tuple[str, str, bool, bool]:
    plan = plan_frames(accept_ranges(accept), stored, one=one)
    return (
        plan.chosen.media_type,
        plan.transfer_syntax_uid,
        plan.chosen.is_multipart,
        plan.is_transcoded,
    )


JPEG, J2K, PLAIN = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.1"
IMPLICIT, VIDEO = "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.102"


@pytest.mark.parametrize(
    ("accept", "stored", "expected"),
    [
        ("image/jpeg", JPEG, ("image/jpeg", JPEG, False, False)),
        ("application/octet-stream", JPEG, ("application/octet-stream", PLAIN, False, True)),
        ("application/octet-stream", IMPLICIT, ("application/octet-stream", PLAIN, False, False)),
        (f"image/jpeg; transfer-syntax={JPEG}", J2K, ("image/jpeg", JPEG, False, True)),
        # What is stored goes first, whatever its quality.
        (
            f"application/octet-stream; transfer-syntax={PLAIN}, image/jp2;q=0.1",
            J2K,
            ("image/jp2", J2K, False, False),
        ),
        ("image/jp2;q=0, image/*, application/*;q=0.1; transfer-syntax=*", J2K,
         ("application/octet-stream", J2K, False, False)),
    ],
)  # fmt: skip
def test_frames_are_planned(accept, stored, expected):
    assert planned(accept, stored) == expected


@pytest.mark.parametrize(
    ("accept", "stored"),
    [
        ("image/jpeg", J2K),
        ("image/*; transfer-syntax=1.2.840.10008.1.2.4.50", J2K),
        ("application/octet-stream", VIDEO),
        (f"image/jpeg; transfer-syntax={JPEG}", VIDEO),
        (f"image/jpeg; transfer-syntax={JPEG};q=0", J2K),
        ("image/jp2;q=0, image/*", J2K),
        ("image/jpeg;q=0, */*", JPEG),
        ("text/html", JPEG),
    ],
)
def test_what_cannot_be_had_is_told_with_what_can(accept, stored):
    with pytest.raises(NotAcceptableError, match=rf"transfer-syntax={stored}"):
        planned(accept, stored)


@given(st.text(max_size=200))
def test_any_accept_is_planned_or_refused(accept):
    for stored in (JPEG, PLAIN, VIDEO):
        with contextlib.suppress(NotAcceptableError):
            planned(accept, stored)


@given(st.text(max_size=100))
def test_any_charset_is_taken_or_refused(text):
    with contextlib.suppress(BadRequestError):
        check_charset(text)


def test_the_best_range_that_fits_wins():
    ranges = [range_of("image/jls"), range_of("application/octet-stream", "*"), range_of("*/*")]

    found = choose_frames(ranges, "1.2.840.10008.1.2.4.50", one=False)

    assert found == Chosen("application/octet-stream", True)


def test_instances_of_several_syntaxes_are_had_as_any():
    syntaxes = frozenset({"1.2", "1.3"})
    offer = Chosen("application/dicom", is_multipart=True)

    assert choose([range_of("application/dicom", "*")], offer, transfer_syntaxes=syntaxes) == offer
    with pytest.raises(NotAcceptableError, match=r"can be had as .*; transfer-syntax=1.2, 1.3"):
        choose([range_of("application/dicom", "1.2")], offer, transfer_syntaxes=syntaxes)

# SPDX-License-Identifier: Apache-2.0
"""Every stored encoding has the media type that the standard gives it."""

from __future__ import annotations

import pytest

from tileserver.dicomweb.media_types import (
    AcceptRange,
    Chosen,
    choose,
    choose_frames,
    frame_media_type,
)
from tileserver.errors import NotAcceptableError

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
    assert choose_frames([range_of(media_type)], syntax, one=False) == Chosen(media_type, True)
    assert choose_frames([range_of(media_type, multipart=False)], syntax, one=True) == Chosen(
        media_type, False
    )


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

# SPDX-License-Identifier: Apache-2.0
"""Multipart bodies: what is written is read back, however it arrives and whatever is in it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomizer.errors import NetworkError
from dicomizer.net.multipart import (
    HEADER_LIMIT,
    PART_LIMIT,
    MultipartError,
    MultipartReader,
    PartBegin,
    PartData,
    PartEnd,
    closing_delimiter,
    parse_media_type,
    part_header,
)

BOUNDARY = "b-1"
DELIMITER = b"\r\n--b-1"
LOOK_ALIKES = (b"\r", b"\n", b"\r\n", b"\r\n-", b"\r\n--", b"\r\n--b", b"\r\n--b-", b"--b-1", b"-")

fragments = st.one_of(st.sampled_from(LOOK_ALIKES), st.binary(max_size=12))
bodies = (
    st.lists(fragments, max_size=8).map(b"".join).filter(lambda b: DELIMITER not in b"\r\n" + b)
)


def written(parts: Iterable[bytes]) -> bytes:
    head = part_header(BOUNDARY, "application/dicom")
    return b"".join(head + part for part in parts) + closing_delimiter(BOUNDARY)


def read(chunks: Iterable[bytes], boundary: str = BOUNDARY) -> list[tuple[dict[str, str], bytes]]:
    """Return the header fields and the bytes of each part that is complete."""
    reader = MultipartReader(boundary)
    found, headers, body = [], {}, b""
    for chunk in chunks:
        for event in reader.feed(chunk):
            match event:
                case PartBegin():
                    headers, body = dict(event.headers), b""
                case PartData():
                    assert event.data
                    body += event.data
                case PartEnd():
                    found.append((headers, body))
    reader.close()
    return found


def cut(body: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:stop] for start, stop in pairwise(edges)]


@given(st.lists(bodies, max_size=5), st.lists(st.integers(0, 10_000), max_size=12))
def test_what_is_written_is_read_back_in_any_chunks(parts, places):
    found = read(cut(written(parts), places))

    assert found == [({"content-type": "application/dicom"}, part) for part in parts]


@given(st.lists(bodies, max_size=3))
def test_single_bytes_are_chunks_too(parts):
    body = written(parts)

    found = read(body[i : i + 1] for i in range(len(body)))

    assert [part for _, part in found] == parts


@given(st.binary(max_size=200), st.lists(st.integers(0, 1000), max_size=4))
def test_any_bytes_are_a_message_or_an_error_of_ours(body, places):
    try:
        read(cut(body, places))
    except MultipartError as error:
        assert isinstance(error, NetworkError)


@given(st.lists(st.sampled_from([*LOOK_ALIKES, DELIMITER, b"\r\n\r\n", b"a: b", b"--"])))
def test_any_order_of_delimiters_is_a_message_or_an_error_of_ours(pieces):
    with_error = without_error = 0
    try:
        read([b"".join(pieces)])
        without_error = 1
    except MultipartError:
        with_error = 1

    # Chunks make no difference.
    try:
        read(pieces)
        assert without_error
    except MultipartError:
        assert with_error


def test_preamble_epilogue_and_blanks_behind_delimiters_are_skipped():
    body = (
        b"to be\r\nignored\r\n--b-1 \t\r\nA: 1\r\nb:2 \r\n\r\n\r\nx\r\n--b-1--\t"
        b"\r\n--b-1\r\n\r\nno part"
    )

    assert read([body]) == [({"a": "1", "b": "2"}, b"\r\nx")]


def test_the_first_delimiter_may_begin_the_body_and_the_last_may_end_it():
    assert read([b"--b-1\r\n\r\nx\r\n--b-1--"]) == [({}, b"x")]


def test_a_part_may_be_empty_and_without_header_fields():
    body = b"--b-1\r\nA: 1\r\n\r\n\r\n--b-1\r\n\r\n\r\n--b-1--"

    assert read([body]) == [({"a": "1"}, b""), ({}, b"")]


def test_a_longer_boundary_that_begins_alike_is_no_delimiter_to_pass_over():
    with pytest.raises(MultipartError, match="followed by other text"):
        read([b"--b-1\r\n\r\nx\r\n--b-10\r\n\r\ny\r\n--b-1--"])


def test_a_location_is_written_behind_the_type():
    head = part_header("b", "application/octet-stream", "/studies/1")

    assert head == (
        b"\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Location: /studies/1\r\n\r\n"
    )
    assert closing_delimiter("b") == b"\r\n--b--\r\n"


@pytest.mark.parametrize("length", [0, 1, 20, 25, 60])
def test_a_body_that_is_cut_off_is_an_error(length):
    body = written([b"some bytes"])[:length]

    with pytest.raises(MultipartError, match="ends before its closing delimiter"):
        read([body])


@pytest.mark.parametrize("boundary", ["", "a" * 201, "Grüße", "a\r\nb", "a;b", 'a"b', "a\0b"])
def test_a_boundary_is_of_1_to_200_certain_characters(boundary):
    with pytest.raises(MultipartError, match="no valid boundary"):
        MultipartReader(boundary)


def test_a_boundary_of_two_uuids_is_read_as_orthanc_sends_it():
    boundary = "c903d7ed-77c8-40ba-9b94-87f9a966336f-c903d7ed-77c8-40ba-9b94-87f9a966336f"

    assert read([f"--{boundary}\r\n\r\nx\r\n--{boundary}--".encode()], boundary) == [({}, b"x")]


def test_a_boundary_may_have_all_characters_that_the_rfc_allows():
    boundary = "0aZ'()+_,-./:=? !"[:-1] + "x"

    assert read([f"--{boundary}\r\n\r\nx\r\n--{boundary}--".encode()], boundary) == [({}, b"x")]


def test_no_more_than_a_delimiter_is_held_back():
    reader = MultipartReader(BOUNDARY)

    events = list(reader.feed(b"--b-1\r\n\r\n" + bytes(1 << 20)))

    given_out = sum(len(event.data) for event in events if isinstance(event, PartData))
    assert (1 << 20) - given_out < len(DELIMITER)


def test_header_fields_without_end_are_refused_at_the_limit():
    reader = MultipartReader(BOUNDARY)
    fed = 0

    with pytest.raises(MultipartError, match="longer than 16,384 bytes"):
        for chunk in [b"--b-1\r\n", *[b"X-Filler: " + b"x" * 1000 + b"\r\n"] * 100]:
            fed += len(chunk)
            list(reader.feed(chunk))

    assert fed < HEADER_LIMIT + 2000


def test_a_delimiter_line_without_end_is_refused_at_the_limit():
    with pytest.raises(MultipartError, match="too long"):
        read([b"--b-1", *[b" " * 1000] * 100])


def test_a_header_line_without_colon_is_refused():
    with pytest.raises(MultipartError, match="no colon"):
        read([b"--b-1\r\nno field\r\n\r\nx\r\n--b-1--"])


def test_parts_are_counted():
    assert len(read([written([b""] * PART_LIMIT)])) == 10_000

    with pytest.raises(MultipartError, match="more than 10,000 parts"):
        read([written([b""] * (PART_LIMIT + 1))])


@pytest.mark.parametrize("place", ["preamble", "part", "epilogue"])
def test_memory_does_not_grow_with_the_body(place):
    begin = {
        "preamble": b"",
        "part": b"--b-1\r\n\r\n",
        "epilogue": b"--b-1\r\n\r\n\r\n--b-1--",
    }[place]
    reader = MultipartReader(BOUNDARY)
    chunk = b"\r\n--b" + bytes(65_536)

    tracemalloc.start()
    try:
        list(reader.feed(begin))
        received = sum(
            len(event.data)
            for _ in range(300)
            for event in reader.feed(chunk)
            if isinstance(event, PartData)
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert received > 19_000_000 or place != "part"
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("application/dicom", ("application/dicom", {})),
        (" Image/JPEG ; Q=0.5", ("image/jpeg", {"q": "0.5"})),
        (
            'multipart/related; type="application/dicom"; boundary=x',
            ("multipart/related", {"type": "application/dicom", "boundary": "x"}),
        ),
        (
            "multipart/related;type=application/octet-stream;transfer-syntax=*",
            ("multipart/related", {"type": "application/octet-stream", "transfer-syntax": "*"}),
        ),
        (r'a/b; c="d\"e;f"; g=h', ("a/b", {"c": 'd"e;f', "g": "h"})),
        ("a/b; c=1; C=2", ("a/b", {"c": "1"})),
        ("", ("", {})),
        (";;;=", ("", {})),
        ('a/b; c="unended', ("a/b", {"c": ""})),
    ],
)
def test_media_types_are_taken_apart(value, expected):
    assert parse_media_type(value) == expected


def test_too_many_parts_are_refused_before_they_are_worked_at():
    seen = 0
    reader = MultipartReader(BOUNDARY)

    with pytest.raises(MultipartError, match="more than 10,000 parts"):
        for event in reader.feed(written([b""] * (PART_LIMIT + 1))):
            seen += isinstance(event, PartBegin)

    assert seen < 100


def test_delimiters_behind_the_end_are_no_parts():
    begin = written([b""] * 100)
    reader = MultipartReader(BOUNDARY)

    events = list(reader.feed(begin)) + list(reader.feed(written([b""] * PART_LIMIT)))
    reader.close()

    assert sum(isinstance(event, PartBegin) for event in events) == 100

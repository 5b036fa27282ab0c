# SPDX-License-Identifier: Apache-2.0
"""Long texts are kept compressed, within bounds."""

from __future__ import annotations

import gzip
import os

from hypothesis import given
from hypothesis import strategies as st

from tileserver.services.packed import PackedTexts


@given(st.lists(st.binary(max_size=200)))
def test_a_text_comes_out_as_it_went_in(pieces):
    texts, whole = PackedTexts(), b"".join(pieces)

    assert gzip.decompress(b"".join(texts.packing("a", pieces))) == whole
    kept = texts.get("a")

    assert kept is not None
    assert gzip.decompress(kept.stream) == b"".join(kept.unpacked()) == whole
    assert kept.length == len(whole)


@given(st.lists(st.binary(max_size=200)))
def test_a_text_that_goes_out_as_it_is_is_kept_compressed(pieces):
    texts, whole = PackedTexts(), b"".join(pieces)

    assert b"".join(texts.keeping("a", pieces)) == whole
    kept = texts.get("a")

    assert kept is not None
    assert gzip.decompress(kept.stream) == whole
    assert kept.length == len(whole)


def test_what_breaks_off_is_not_kept():
    texts = PackedTexts()

    next(texts.packing("a", [b"1", b"2"]))

    assert texts.get("a") is None


def test_what_was_not_asked_for_the_longest_goes_first():
    texts = PackedTexts(most_bytes=2500)
    for name in "abc":
        list(texts.packing(name, [os.urandom(1000)]))
        texts.get("a")

    assert [texts.get(name) is not None for name in "abc"] == [True, False, True]


def test_a_text_that_is_too_long_is_given_and_not_kept(monkeypatch):
    monkeypatch.setattr("tileserver.services.packed._LARGEST_BYTES", 3000)
    texts, pieces = PackedTexts(), [os.urandom(1000) for _ in range(5)]

    assert gzip.decompress(b"".join(texts.packing("a", pieces))) == b"".join(pieces)
    assert texts.get("a") is None

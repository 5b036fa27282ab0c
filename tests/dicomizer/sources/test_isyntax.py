# SPDX-License-Identifier: Apache-2.0
"""Philips iSyntax as far as it goes without a scanner's file: recognising, refusing, failing."""

from __future__ import annotations

import importlib.util
import sys

import build_philips
import pytest

from dicomizer.errors import CorruptSourceError, SourceError
from dicomizer.sources.base import Refusal
from dicomizer.sources.isyntax import IsyntaxSource
from dicomizer.sources.isyntax.source import read_header

needs_library = pytest.mark.skipif(
    importlib.util.find_spec("isyntax") is None,
    reason='pyisyntax is not installed: pip install "coverslip[isyntax]"',
)


@pytest.fixture
def path(tmp_path):
    """A file that has the header of a slide, and no pixels behind it."""
    file = tmp_path / "a.isyntax"
    header = build_philips.description(images=[build_philips.image("WSI")])
    file.write_bytes(header.encode() + b"\r\n\x04" + bytes(1000))
    return file


def test_header_is_the_xml_before_the_end_of_transmission(path):
    text = read_header(path)

    assert text.startswith('<?xml version="1.0"')
    assert text.endswith("</DataObject>")


def test_header_without_an_end_is_an_error(path):
    path.write_bytes(path.read_bytes().partition(b"\x04")[0])

    with pytest.raises(CorruptSourceError, match="the XML header has no end"):
        read_header(path)


@pytest.mark.parametrize(
    "content", [b"", b"II*\0", b"<svg/>", b'x ObjectType="DPUfsImport"', b"<?xml ?><DataObject/>"]
)
def test_other_files_are_refused(tmp_path, content):
    other = tmp_path / "a.isyntax"
    other.write_bytes(content)

    with pytest.raises(Refusal, match="no XML header of Philips"):
        IsyntaxSource(other)


def test_missing_library_is_named(path, monkeypatch):
    monkeypatch.setattr("sys.path", [])
    monkeypatch.delitem(sys.modules, "isyntax", raising=False)

    with pytest.raises(
        SourceError, match="found Philips iSyntax, which needs the library"
    ) as error:
        IsyntaxSource(path)

    assert str(error.value).endswith('install it: pip install "coverslip[isyntax]"')


@needs_library
def test_file_without_pixels_is_an_error(path):
    with pytest.raises(CorruptSourceError, match=r"a\.isyntax: "):
        IsyntaxSource(path)

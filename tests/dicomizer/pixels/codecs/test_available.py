# SPDX-License-Identifier: Apache-2.0
"""Which libraries stand behind the codecs."""

from __future__ import annotations

from dicomizer.pixels.codecs import available
from dicomizer.pixels.codecs.available import libraries
from dicomizer.pixels.codecs.codec import Codec


def test_every_codec_names_its_library():
    found = libraries()

    assert set(found) == set(Codec) - {Codec.KEEP}
    assert {codec: (name or "").split()[0] for codec, name in found.items()} == {
        Codec.JPEG: "simplejpeg",
        Codec.JPEG_2000: "openjpeg",
        Codec.HTJ2K: "openjph",
        Codec.JPEG_LS: "charls",
        Codec.JPEG_XL: "libjxl",
        Codec.RLE: "imcd",
        Codec.NONE: "numpy",
    }


def test_a_library_that_is_not_there_is_none():
    assert available._package("no-such-package") is None
    assert available._native("NOSUCHCODEC", "nosuchcodec_version") is None
    assert available._native("JPEG2K", "nosuchcodec_version") is None

# SPDX-License-Identifier: Apache-2.0
"""Which codecs can be used here, and by what library: for reports, and for a clear refusal."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from dicomizer.pixels.codecs.codec import Codec

_PACKAGES = {Codec.JPEG: "simplejpeg", Codec.NONE: "numpy"}
_NATIVE = {
    Codec.JPEG_2000: ("JPEG2K", "jpeg2k_version"),
    Codec.HTJ2K: ("HTJ2K", "htj2k_version"),
    Codec.JPEG_LS: ("JPEGLS", "jpegls_version"),
    Codec.JPEG_XL: ("JPEGXL", "jpegxl_version"),
    Codec.RLE: ("PACKBITS", "packbits_version"),
}
"""Names in imagecodecs of what tells whether it was built with a codec, and the version."""


def libraries() -> dict[Codec, str | None]:
    """Return name and version of the library that encodes; ``None`` where there is none."""
    return {codec: library(codec) for codec in Codec if codec is not Codec.KEEP}


def library(codec: Codec) -> str | None:
    """Return name and version of the library that encodes with a codec, if it is here."""
    if codec in _PACKAGES:
        return _package(_PACKAGES[codec])
    return _native(*_NATIVE[codec])


def _package(name: str) -> str | None:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return None


def _native(class_name: str, version_name: str) -> str | None:
    """Ask imagecodecs, whose builds leave out what a platform lacks."""
    try:
        import imagecodecs

        if not getattr(imagecodecs, class_name).available:
            return None
        told: str = getattr(imagecodecs, version_name)()
    except (ImportError, AttributeError):
        return None
    return told

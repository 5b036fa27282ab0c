# SPDX-License-Identifier: Apache-2.0
"""The versions of what dicomizer stands on."""

from __future__ import annotations

import platform
from importlib import metadata

from dicomizer import __version__
from dicomizer.pixels.codecs.available import libraries

_LIBRARIES = (
    "pydicom",
    "pynetdicom",
    "tifffile",
    "imagecodecs",
    "simplejpeg",
    "opencv-python-headless",
    "openslide-bin",
    "numpy",
    "pillow",
)


def versions() -> list[tuple[str, str]]:
    """Return name and version of dicomizer, Python, the system, each library and codec."""
    return [
        ("dicomizer", __version__),
        ("Python", platform.python_version()),
        ("system", platform.platform()),
        *((name, _version(name)) for name in _LIBRARIES),
        *((f"codec {codec.value}", told or "not here") for codec, told in libraries().items()),
    ]


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"

# SPDX-License-Identifier: Apache-2.0
"""ICC profiles of every kind that the viewer reads, and colours as Little CMS converts them.

``python tests/build_profile.py`` writes them for the viewer's tests (`web/src/dicom`), which
compare their own reader with Little CMS.

References
----------
ICC.1:2022 7, 9.2, 10.6, 10.10 to 10.12, 10.18; ICC.1:2001-04 6.5
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

TARGET = Path(__file__).resolve().parents[1] / "web" / "src" / "dicom" / "profileSamples.json"
SRGB = ((0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7139))
"""X, Y, Z of red, green and blue, adapted to D50."""
WIDE = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
D50 = (0.9642, 1.0, 0.8249)


def fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def curve(*values: int) -> bytes:
    """Return a `curv`: nothing for identity, one value for a gamma in 8.8, else samples."""
    return b"curv\0\0\0\0" + struct.pack(f">I{len(values)}H", len(values), *values)


def parametric(kind: int, *values: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + fixed(*values)


def xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + fixed(*values)


def profile(tags: dict[str, bytes], *, space: str = "XYZ ", version: int = 0x02400000) -> bytes:
    """Return a profile of an RGB scanner."""
    tags = {"desc": b"desc\0\0\0\0\0\0\0\5test\0" + bytes(78), "wtpt": xyz(D50), **tags}
    body, entries, start = b"", b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        entries += name.encode() + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = bytearray(128)
    struct.pack_into(">I4xI4s4s4s", header, 0, start + len(body), version, b"scnr", b"RGB ", b"")
    header[20:24] = space.encode()
    header[36:40] = b"acsp"
    header[68:80] = fixed(*D50)
    return bytes(header) + struct.pack(">I", len(tags)) + entries + body


def matrix_profile(
    curves: bytes,
    primaries: tuple[tuple[float, float, float], ...] = WIDE,
    version: int = 0x02400000,
) -> bytes:
    tags = {f"{name}XYZ": xyz(color) for name, color in zip("rgb", primaries, strict=True)}
    return profile(tags | {f"{name}TRC": curves for name in "rgb"}, version=version)


def device_grid(side: int, gamma: float = 2.0) -> NDArray[np.float64]:
    """Return XYZ at D50 of a grid of device values, (side ** 3, 3), blue running fastest.

    The device is no matrix: its channels leak into each other, and its black is not black.
    """
    steps = np.linspace(0, 1, side)
    device = np.array(list(itertools.product(steps, steps, steps)))
    leaked = device @ np.array([[0.9, 0.05, 0.05], [0.1, 0.85, 0.05], [0.0, 0.1, 0.9]])
    linear = 0.004 + 0.996 * leaked**gamma
    return np.asarray(linear @ np.array(SRGB) * np.array([0.98, 1.0, 1.0]))


def lab(values: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio = values / np.array(D50)
    folded = np.where(ratio > 216 / 24389, np.cbrt(ratio), ratio * 841 / 108 + 16 / 116)
    x, y, z = folded.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def encoded_lab(side: int, *, white: float, largest: int) -> NDArray[np.int64]:
    """Return Lab as numbers; ``white`` stands for L* 100."""
    unit = white / 100
    found = lab(device_grid(side)) + np.array([0, 128, 128])
    return np.clip(np.rint(found * np.array([unit, white / 255, white / 255])), 0, largest).astype(
        int
    )


def lut8_profile(side: int = 9) -> bytes:
    ramp = bytes(range(256)) * 3
    values = encoded_lab(side, white=255, largest=255).astype(np.uint8).tobytes()
    matrix = fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table = b"mft1\0\0\0\0" + bytes([3, 3, side, 0]) + matrix + ramp + values + ramp
    return profile({"A2B0": table}, space="Lab ")


def lut16_profile(side: int = 9) -> bytes:
    values = encoded_lab(side, white=65280, largest=65535).astype(">u2").tobytes()
    bent = np.rint(np.linspace(0, 1, 64) ** 1.1 * 65535).astype(">u2").tobytes() * 3
    ends = struct.pack(">2H", 0, 65535) * 3
    matrix = fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table = b"mft2\0\0\0\0" + bytes([3, 3, side, 0]) + matrix + struct.pack(">HH", 64, 2)
    table += bent + values + ends
    return profile({"A2B0": table, "A2B1": table}, space="Lab ")


def modern_profile(side: int = 9) -> bytes:
    """Return a profile of version 4 with curves, grid, curves, matrix and curves, of Lab."""
    values = encoded_lab(side, white=65535, largest=65535).astype(">u2").tobytes()
    grid = bytes([side] * 3 + [0] * 13 + [2, 0, 0, 0]) + values
    first, middle, last = parametric(0, 1.1) * 3, curve() * 3, parametric(0, 1.0) * 3
    matrix = fixed(1, 0, 0, 0, 1, 0, 0, 0, 1, 0.01, 0, 0)
    parts, places, start = b"", {}, 32
    for name, data in zip("bxmga", (last, matrix, middle, grid, first), strict=True):
        places[name] = start + len(parts)
        parts += data + bytes(-len(data) % 4)
    table = b"mAB \0\0\0\0" + bytes([3, 3, 0, 0])
    table += struct.pack(">5I", *(places[name] for name in "bxmga"))
    return profile({"A2B0": table + parts}, space="Lab ", version=0x04300000)


def samples() -> dict[str, bytes]:
    """Return profiles by what is in them."""
    bent = tuple(round((index / 63) ** 1.7 * 65535) for index in range(64))
    curved = parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return {
        "version 2, matrix, gamma 1.8": matrix_profile(curve(round(1.8 * 256))),
        "version 2, matrix, linear": matrix_profile(curve()),
        "version 2, matrix, sampled curve": matrix_profile(curve(*bent)),
        "version 4, matrix, parametric curve": matrix_profile(curved, version=0x04300000),
        "version 4, matrix, sRGB": matrix_profile(curved, SRGB, version=0x04300000),
        "version 2, table of 8 bits": lut8_profile(),
        "version 2, relative table of 16 bits": lut16_profile(),
        "version 4, table between curves": modern_profile(),
    }


def as_srgb(pixels: NDArray[np.uint8], icc: bytes) -> NDArray[np.uint8]:
    """Return (…, 3) pixels as Little CMS makes them sRGB, relatively, black compensated."""
    shape = pixels.shape
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(icc)),
        ImageCms.createProfile("sRGB"),
        "RGB",
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOOPTIMIZE,
    )
    picture = Image.fromarray(pixels.reshape(1, -1, 3))
    return np.asarray(ImageCms.applyTransform(picture, transform)).reshape(shape)


def text() -> str:
    """Return the profiles with some colours before and after, as JSON."""
    steps = (0, 7, 40, 101, 180, 233, 255)
    colors = np.array(list(itertools.product(steps, steps, steps))[::5], dtype=np.uint8)
    found = {
        name: {
            "profile": base64.b64encode(icc).decode(),
            "expected": bytes(as_srgb(colors, icc)).hex(),
        }
        for name, icc in samples().items()
    }
    return json.dumps({"colours": bytes(colors).hex(), "profiles": found}, indent=2) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")

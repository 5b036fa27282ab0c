# SPDX-License-Identifier: Apache-2.0
"""Frames of every coding, what attributes say of them, and the pixels that they stand for."""

from __future__ import annotations

from dataclasses import replace

import imagecodecs
import numpy as np

from dicomizer.pixels.codecs import rle
from dicomizer.pixels.stored_frames import PixelDescription

NATIVE, BIG_ENDIAN, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5"
BASELINE, LOSSLESS_JPEG = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.70"
JPEG_LS, JPEG_2000, HTJ2K = (
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.201",
)
JPEG_XL = "1.2.840.10008.1.2.4.110"
RGB = np.random.default_rng(1).integers(0, 256, (24, 32, 3), dtype=np.uint8)
PLAIN = np.broadcast_to(np.array([200, 60, 90], np.uint8), (24, 32, 3)).copy()
DEEP = np.random.default_rng(2).integers(0, 4096, (24, 32, 1), dtype=np.uint16)
SIGNED = (DEEP.astype(np.int32) - 2048).astype(np.int16)


def color(syntax: str, photometric: str = "RGB", **changes: object) -> PixelDescription:
    base = PixelDescription(syntax, 24, 32, 3, photometric, 8, 8, 7)
    return replace(base, **changes)


def grey(syntax: str, **changes: object) -> PixelDescription:
    base = PixelDescription(syntax, 24, 32, 1, "MONOCHROME2", 16, 12, 11)
    return replace(base, **changes)


def without_markers(stream: bytes) -> bytes:
    """Leave out JFIF and Adobe markers."""
    found, position = stream[:2], 2
    while stream[position + 1] != 0xDA:
        length = 2 + int.from_bytes(stream[position + 2 : position + 4], "big")
        if stream[position + 1] not in (0xE0, 0xEE):
            found += stream[position : position + length]
        position += length
    return found + stream[position:]


CASES = {
    "native": (RGB.tobytes(), color(NATIVE), RGB),
    "native, planes": (RGB.transpose(2, 0, 1).tobytes(), color(NATIVE, is_planar=True), RGB),
    "native, 12 bits": (DEEP.tobytes(), grey(NATIVE), DEEP),
    "native, big endian": (DEEP.astype(">u2").tobytes(), grey(BIG_ENDIAN), DEEP),
    "native, signed": (SIGNED.tobytes(), grey(NATIVE, is_signed=True), SIGNED),
    "native, high bits": ((DEEP << 4).tobytes(), grey(NATIVE, high_bit=15), DEEP),
    "native, overlay above": ((DEEP | 0xF000).tobytes(), grey(NATIVE), DEEP),
    "native, 32 bits": (
        (SIGNED.astype(np.int32) * 70_000).tobytes(),
        grey(NATIVE, bits_allocated=32, bits_stored=32, high_bit=31, is_signed=True),
        SIGNED.astype(np.int32) * 70_000,
    ),
    "RLE": (rle.encode(RGB), color(RLE), RGB),
    "RLE, signed": (rle.encode(SIGNED.view(np.uint16)), grey(RLE, is_signed=True), SIGNED),
    "JPEG-LS": (bytes(imagecodecs.jpegls_encode(RGB)), color(JPEG_LS), RGB),
    "JPEG-LS, signed": (
        bytes(imagecodecs.jpegls_encode(SIGNED[..., 0].view(np.uint16))),
        grey(JPEG_LS, is_signed=True, bits_stored=16, high_bit=15),
        SIGNED,
    ),
    "JPEG 2000": (
        bytes(imagecodecs.jpeg2k_encode(RGB, level=0, codecformat="j2k", reversible=True)),
        color(JPEG_2000, "YBR_RCT"),
        RGB,
    ),
    "JPEG 2000, signed": (
        bytes(
            imagecodecs.jpeg2k_encode(SIGNED[..., 0], level=0, codecformat="j2k", reversible=True)
        ),
        grey(JPEG_2000, is_signed=True, bits_stored=16, high_bit=15),
        SIGNED,
    ),
    "HTJ2K": (bytes(imagecodecs.htj2k_encode(RGB, reversible=True)), color(HTJ2K), RGB),
    "JPEG XL": (bytes(imagecodecs.jpegxl_encode(RGB, lossless=True)), color(JPEG_XL), RGB),
    "lossless JPEG": (
        bytes(imagecodecs.jpeg8_encode(DEEP[..., 0], lossless=True, bitspersample=16)),
        grey(LOSSLESS_JPEG),
        DEEP,
    ),
}

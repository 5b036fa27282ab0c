# SPDX-License-Identifier: Apache-2.0
"""Every codec on tiles of a real slide: speed on one thread, gain of a second, size, quality.

    python tests/benchmarks/bench_codecs.py SLIDE [TILE]

SLIDE is anything that tifffile opens and whose first level is RGB; tiles are cut from its middle.
JPEG XL recompression is measured on those tiles coded as JPEG with quality 70. Speeds are in
megapixels a second.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import tifffile

from dicomizer.pixels.codecs import jpegxl
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.decode import decode, half_decode
from dicomizer.pixels.codecs.encode import encoder
from dicomizer.pixels.format import RGB_8
from dicomizer.pixels.resample import halve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ACROSS = 4
SECONDS = 0.4


def tiles_of(path: str, size: int) -> list[np.ndarray]:
    """Cut tiles from the middle of the first level."""
    with tifffile.TiffFile(path) as slide:
        pixels = slide.series[0].levels[0].asarray(maxworkers=1)
    top, left = ((length - ACROSS * size) // 2 for length in pixels.shape[:2])
    corners = [(top + size * y, left + size * x) for y in range(ACROSS) for x in range(ACROSS)]
    return [np.ascontiguousarray(pixels[y : y + size, x : x + size]) for y, x in corners]


def speed(function: Callable[..., object], items: Sequence[object], pixels: int) -> float:
    """Return megapixels a second on one thread."""
    function(items[0])
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS:
        function(items[done % len(items)])
        done += 1
    return done * pixels / (time.perf_counter() - start) / 1e6


def two_threads(function: Callable[..., object], items: Sequence[object]) -> float:
    """Return how many times faster two threads are than one."""
    start = time.perf_counter()
    for item in [*items, *items]:
        function(item)
    alone = time.perf_counter() - start
    with ThreadPoolExecutor(2) as pool:
        start = time.perf_counter()
        for result in [pool.submit(lambda: [function(item) for item in items]) for _ in range(2)]:
            result.result()
        return alone / (time.perf_counter() - start)


def measure(codec: Codec, quality: int | None, tiles: list[np.ndarray]) -> str:
    """Return a line of the table."""
    size = tiles[0].shape[0]
    made = encoder(codec, RGB_8, quality)
    streams = [made.encode(tile) for tile in tiles]

    def back(stream: bytes) -> np.ndarray:
        return decode(stream, made.transfer_syntax, RGB_8, rows=size, columns=size)

    def half(stream: bytes) -> np.ndarray:
        return half_decode(stream, made.transfer_syntax, RGB_8, rows=size, columns=size)

    error = np.mean([(back(s).astype(float) - t) ** 2 for s, t in zip(streams, tiles, strict=True)])
    ratio = f"{10 * np.log10(255**2 / error):6.1f}" if error else "     -"
    bits = 8 * sum(map(len, streams)) / (len(tiles) * size * size)
    speeds = [speed(f, i, size**2) for f, i in ((made.encode, tiles), (back, streams))]
    speeds.append(speed(half, streams, size**2))
    return (
        f"{codec.value:9} {quality or 'lossless'!s:>8} {bits:6.2f} {ratio}"
        + "".join(f"{value:8.0f}" for value in speeds)
        + f"{two_threads(made.encode, tiles):8.2f}"
    )


def main() -> int:
    """Measure and print."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 256
    tiles = tiles_of(sys.argv[1], size)
    print("codec      quality bits/px    dB  encode  decode    half  2 threads")
    for codec in Codec:
        if codec is Codec.KEEP:
            continue
        qualities = [None, 80, 95]
        if codec in {Codec.RLE, Codec.NONE}:
            qualities = [None]
        for quality in [q for q in qualities if q or codec is not Codec.JPEG]:
            print(measure(codec, quality, tiles))
    jpegs = [encoder(Codec.JPEG, RGB_8, 70).encode(tile) for tile in tiles]
    small = [jpegxl.recompress(stream) for stream in jpegs]
    saved = 1 - sum(map(len, small)) / sum(map(len, jpegs))
    print(
        f"recompress: {speed(jpegxl.recompress, jpegs, size**2):.0f} there, "
        f"{speed(jpegxl.restore, small, size**2):.0f} back, {saved:.1%} smaller"
    )
    print(f"halve: {speed(halve, tiles, size**2):.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""A JPEG stream with one coefficient of one block changed, and nothing else."""

from __future__ import annotations

from dicomizer.pixels.codecs import jpeg


def with_changed_coefficient(stream: bytes) -> bytes:
    """Return the stream with another value for the first AC coefficient of the first block.

    The last of the bits that tell its value within its category is flipped, so that all codes
    behind it stand where they stood.
    """
    header = jpeg.read_header(stream)
    end = jpeg.end_of_image(stream, header.length)
    bits = _bits(stream[header.length : end - 2].replace(b"\xff\0", b"\xff"))
    dc, ac = _table(header, 0x00), _table(header, 0x10)
    size, place = _symbol(bits, 0, dc)
    symbol, place = _symbol(bits, place + size, ac)
    assert symbol & 15, "the first block has no AC coefficient"
    place += (symbol & 15) - 1
    bits = bits[:place] + "01"[bits[place] == "0"] + bits[place + 1 :]
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    return stream[: header.length] + scan + stream[end - 2 :]


def _bits(data: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in data)


def _table(header: jpeg.JpegHeader, wanted: int) -> dict[str, int]:
    """Return symbols by code (T.81 C.2)."""
    for segment in header.segments:
        payload = segment.payload
        while segment.marker == 0xC4 and payload:
            counts = payload[1:17]
            symbols = iter(payload[17 : 17 + sum(counts)])
            if payload[0] == wanted:
                return _codes(counts, symbols)
            payload = payload[17 + sum(counts) :]
    raise AssertionError(f"no Huffman table {wanted:#x}")


def _codes(counts: bytes, symbols) -> dict[str, int]:
    codes, code = {}, 0
    for length, count in enumerate(counts, start=1):
        for _ in range(count):
            codes[f"{code:0{length}b}"] = next(symbols)
            code += 1
        code <<= 1
    return codes


def _symbol(bits: str, place: int, table: dict[str, int]) -> tuple[int, int]:
    """Return a symbol and the place behind its code."""
    for end in range(place + 1, place + 17):
        if bits[place:end] in table:
            return table[bits[place:end]], end
    raise AssertionError("no code")

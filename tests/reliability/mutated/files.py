# SPDX-License-Identifier: Apache-2.0
"""Mutants of DICOM files: by what they are made of, and by their bytes."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from mutants.making import mutated as mutated_bytes
from reliability.mutated.kinds import Kind, deflated, kinds, numbered
from reliability.mutated.streams import mutated_stream
from reliability.mutated.structure import (
    ITEM,
    ITEM_END,
    PIXEL_DATA,
    SEQUENCE_END,
    TRANSFER_SYNTAX,
    UNDEFINED,
    Layout,
    Piece,
    layout_of,
)
from reliability.mutated.values import unlikely_value

Change = Callable[[Layout, random.Random], bytes]

_EXTENDED_TABLES = (0x7FE00001, 0x7FE00002)
_DECISIVE = {
    0x00080005, 0x00080008, 0x00080016, 0x00080060, 0x00280002, 0x00280004, 0x00280006, 0x00280008,
    0x00280010, 0x00280011, 0x00280030, 0x00280100, 0x00280101, 0x00280102, 0x00280103, 0x00281050,
    0x00281051, 0x00281052, 0x00281053, 0x00281101, 0x00281201, 0x00480006, 0x00480007, 0x00480102,
    0x00480302, 0x00480303, 0x00209228, 0x00209162, 0x00209311, 0x0048021E, 0x0048021F, 0x0020930E,
}  # fmt: skip
"""Elements that say what pixels are, and where."""
_LENGTHS = (0, 1, 2, 7, 8, 0x7F, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, UNDEFINED)
_VRS = b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN "
_ODD_VRS = (*(_VRS + b"UR US UT UV").split(), b"??", b"\0\0", b"ox", b"  ", b"\xff\xff")
_TAGS = (ITEM, ITEM_END, SEQUENCE_END, PIXEL_DATA, 0x7FE00008, 0x7FE00001, 0, UNDEFINED, 0x00020000,
         TRANSFER_SYNTAX, 0x00091001, 0x00090010, 0x00280010, 0x0020000D, 0x00080005, 0x00880200,
         0x60003000, 0x52009230, 0x0040A730, 0xFFFCFFFC)  # fmt: skip
_SYNTAXES = tuple(
    f"1.2.840.10008.1.2{end}".encode()
    for end in ("", ".1", ".2", ".5", ".1.99", ".4.50", ".4.51", ".4.70", ".4.80", ".4.81", ".4.90",
                ".4.91", ".4.201", ".4.203", ".4.110", ".4.111", ".4.112", ".4.100", ".4.94",
                ".1.98", ".9")
)  # fmt: skip


def mutant(seed: int) -> tuple[Kind, list[bytes]]:
    """Return the files of one kind, one of them with something wrong; the same for a seed."""
    chance = random.Random(seed)
    kind = chance.choice(kinds())
    files = [numbered(file, seed) for file in kind.files]
    victim = chance.randrange(len(files))
    files[victim] = _mutated(files[victim], chance)
    if kind.is_deflated:
        files = [deflated(file) for file in files]
        if chance.random() < 0.3:
            files[victim] = mutated_bytes(files[victim], seed)
    return kind, files


def _mutated(file: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice([1, 1, 1, 2, 2, 4])):
        change = chance.choices(_CHANGES, _WEIGHTS)[0]
        try:
            file = change(layout_of(file), chance)
        except (struct.error, KeyError, IndexError, StopIteration):
            # Not sound any more, or without what is to be changed.
            file = mutated_bytes(file, chance.randrange(1 << 30))
    return file


def _any(layout: Layout, chance: random.Random) -> Piece:
    return chance.choice(layout.pieces)


def _element(layout: Layout, chance: random.Random) -> Piece:
    return chance.choice([piece for piece in layout.pieces if piece.vr])


def _other_vr(layout: Layout, chance: random.Random) -> bytes:
    found = chance.choice([piece for piece in layout.pieces if piece.has_vr])
    return layout.at(found.start + 4, chance.choice(_ODD_VRS))


def _other_length(layout: Layout, chance: random.Random) -> bytes:
    found = _any(layout, chance)
    lengths = [*_LENGTHS, *(found.length + step for step in (-2, -1, 1, 2))]
    size = found.length_size
    return layout.at(found.value - size, layout.number(chance.choice(lengths), size))


def _other_tag(layout: Layout, chance: random.Random) -> bytes:
    other = chance.choice([chance.choice(_TAGS), _any(layout, chance).tag])
    return layout.at(_any(layout, chance).start, layout.tag(other))


def _left_out(layout: Layout, chance: random.Random) -> bytes:
    found = _any(layout, chance)
    return layout.instead(found, found.start, found.end, b"")


def _doubled(layout: Layout, chance: random.Random) -> bytes:
    found, other = _any(layout, chance), _any(layout, chance)
    copy = layout.file[found.start : found.end]
    return layout.instead(other, other.start, other.start, copy)


def _other_value(layout: Layout, chance: random.Random) -> bytes:
    return _with_unlikely_value(layout, _element(layout, chance), chance)


def _decisive_value(layout: Layout, chance: random.Random) -> bytes:
    found = chance.choice([piece for piece in layout.pieces if piece.tag in _DECISIVE])
    return _with_unlikely_value(layout, found, chance)


def _with_unlikely_value(layout: Layout, found: Piece, chance: random.Random) -> bytes:
    old = layout.file[found.value : found.end]
    return layout.with_value(found, unlikely_value(found.tag, found.vr, old, layout.order, chance))


def _stray_delimiter(layout: Layout, chance: random.Random) -> bytes:
    found = _any(layout, chance)
    length = layout.number(chance.choice([0, 0, 8, UNDEFINED, 0xFFFFFFFE]), 4)
    stray = layout.tag(chance.choice([ITEM, ITEM_END, SEQUENCE_END])) + length
    return layout.instead(found, found.start, found.start, stray)


def _lost_delimiter(layout: Layout, chance: random.Random) -> bytes:
    ends = (ITEM, ITEM_END, SEQUENCE_END)
    found = chance.choice([piece for piece in layout.pieces if piece.tag in ends])
    return layout.instead(found, found.start, found.value, b"")


def _other_syntax(layout: Layout, chance: random.Random) -> bytes:
    found = next(piece for piece in layout.pieces if piece.tag == TRANSFER_SYNTAX)
    other = chance.choice(_SYNTAXES)
    little = Layout(layout.file, layout.pieces, "<")
    return little.with_value(found, other + b"\0" * (len(other) % 2))


def _group_length(layout: Layout, chance: random.Random) -> bytes:
    return layout.at(140, struct.pack("<I", chance.choice([*_LENGTHS, chance.randrange(500)])))


def _cut(layout: Layout, chance: random.Random) -> bytes:
    found = _any(layout, chance)
    return layout.file[: chance.choice([found.start, found.value, found.value + 1, found.end - 1])]


def _offset_table(layout: Layout, chance: random.Random) -> bytes:
    """Write over an offset or a length of a table, basic or extended, or change its size."""
    fragments = _fragments(layout)
    tables = [piece for piece in layout.pieces if piece.tag in _EXTENDED_TABLES] + fragments[:1]
    found = chance.choice(tables)
    size = 8 if found.vr else 4
    if not found.length or chance.random() < 0.3:
        return layout.with_value(found, bytes(size * chance.choice([0, 1, 2, 5, 100])))
    place = found.value + size * chance.randrange(found.length // size)
    offsets = [*_LENGTHS, 1 << 62, (1 << 64) - 1, chance.randrange(5_000), len(layout.file)]
    return layout.at(place, layout.number(chance.choice(offsets), size))


def _fragments(layout: Layout) -> list[Piece]:
    """Return the items of encapsulated pixels, the offset table first."""
    pixels = next(piece for piece in layout.pieces if piece.tag == PIXEL_DATA)
    return [piece for piece in layout.pieces if piece.start > pixels.start and piece.tag == ITEM]


def _frame(layout: Layout, chance: random.Random) -> bytes:
    found = chance.choice(_fragments(layout)[1:])
    stream = mutated_stream(layout.file[found.value : found.end], chance)
    padding = b"\0" * (len(stream) % 2)
    return layout.with_value(found, stream + padding)


def _fragment(layout: Layout, chance: random.Random) -> bytes:
    """Empty a fragment, part it in two, or put an empty one beside."""
    found = chance.choice(_fragments(layout))
    kind = chance.randrange(3)
    if kind == 0:
        return layout.with_value(found, b"")
    item = layout.tag(ITEM)
    if kind == 1:
        return layout.instead(found, found.start, found.start, item + bytes(4))
    cut = 2 * chance.randrange(found.length // 2 + 1)
    first, second = (item + layout.number(length, 4) for length in (cut, found.length - cut))
    value = layout.file[found.value : found.end]
    parted = first + value[:cut] + second + value[cut:]
    return layout.instead(found, found.start, found.end, parted)


def _bytes(layout: Layout, chance: random.Random) -> bytes:
    return mutated_bytes(layout.file, chance.randrange(1 << 30))


_WEIGHTED: dict[Change, int] = {
    _other_vr: 6, _other_length: 8, _other_tag: 5, _left_out: 6, _doubled: 3, _other_value: 14,
    _decisive_value: 18, _stray_delimiter: 3, _lost_delimiter: 3, _other_syntax: 5,
    _group_length: 1, _cut: 4, _offset_table: 6, _frame: 10, _fragment: 4, _bytes: 6,
}  # fmt: skip
_CHANGES, _WEIGHTS = list(_WEIGHTED), list(_WEIGHTED.values())

# SPDX-License-Identifier: Apache-2.0
"""Broken slides: whatever bits are wrong, the command ends with an error of ours, or converts."""

from __future__ import annotations

import random
import shutil

import pytest
import slides

from dicomizer.convert import convert
from dicomizer.errors import DicomizerError

MUTANTS = 300
_PATTERNS = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\1\0\0\0")


def mutated(data: bytes, seed: int) -> bytes:
    """Return a file with some bits, bytes or numbers changed, or cut short."""
    chance = random.Random(seed)
    mutant = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        # Directories stand at the end: half of the changes go there.
        near_end = len(mutant) - 1 - int(abs(chance.gauss(0, 600)))
        place = chance.choice([chance.randrange(len(mutant)), max(near_end, 0)])
        kind = chance.randrange(4)
        if kind == 0:
            mutant[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            mutant[place : place + 4] = chance.choice(_PATTERNS)
        elif kind == 2:
            mutant[place] = chance.randrange(256)
        elif chance.random() < 0.3:
            del mutant[place + 1 :]
    return bytes(mutant)


@pytest.mark.parametrize("build", [slides.write_svs, slides.write_tiled_tiff])
def test_broken_slide_is_converted_or_refused_and_leaves_nothing(tmp_path, build):
    data = build(tmp_path / "good.svs").path.read_bytes()
    path, out = tmp_path / "mutant.svs", tmp_path / "out"
    refused = 0
    for seed in range(MUTANTS):
        path.write_bytes(mutated(data, seed))
        try:
            convert(path, out)
        except DicomizerError as error:
            refused += 1
            assert str(error).startswith(f"{path}: "), seed
            assert "\n" not in str(error), seed
            assert not out.exists(), seed
        else:
            shutil.rmtree(out)

    assert MUTANTS // 10 < refused < MUTANTS

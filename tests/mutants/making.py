# SPDX-License-Identifier: Apache-2.0
"""Mutants of a slide, and what becomes of them when they are converted."""

from __future__ import annotations

import importlib.util
import pkgutil
import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dicomizer.convert import convert
from dicomizer.errors import DicomizerError
from dicomizer.options import ConvertOptions, Levels
from dicomizer.slide import SpacingMm

_PATTERNS = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\1\0\0\0")
_OPTIONS = ConvertOptions(
    spacing=SpacingMm.from_mpp(0.5, 0.5), levels=Levels.DYADIC, overwrite=True, threads=1
)


@dataclass(frozen=True)
class Fate:
    """What became of a mutant.

    Parameters
    ----------
    error
        Message that it was refused with; ``None`` where it was converted.
    """

    seed: int
    error: str | None
    seconds: float


def builders() -> Iterator[tuple[str, Callable[[Path], Path]]]:
    """Yield the name and the builder of a small slide of every format and dialect."""
    folder = Path(__file__).parents[1] / "dicomizer" / "sources" / "cases"
    for module in pkgutil.iter_modules([str(folder)]):
        spec = module.module_finder.find_spec(module.name, None)  # type: ignore[call-arg]
        assert spec is not None
        assert spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        yield from ((f"{module.name}: {name}", build) for name, build in loaded.CASES.items())


def mutated(data: bytes, seed: int) -> bytes:
    """Return a file with some bits, bytes or numbers changed, or cut short."""
    chance = random.Random(seed)
    mutant = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        # Structure stands at the beginning and the end: most changes go there.
        near_end = len(mutant) - 1 - int(abs(chance.gauss(0, 600)))
        near_start = int(abs(chance.gauss(0, 400)))
        anywhere = chance.randrange(len(mutant))
        place = chance.choice([anywhere, max(near_end, 0), min(near_start, len(mutant) - 1)])
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


def fates(build: Callable[[Path], Path], folder: Path, seeds: range) -> Iterator[Fate]:
    """Convert mutants of a slide, companion files included, and yield what becomes of them.

    Anything raised but a `DicomizerError` is a defect and comes through.
    """
    good = folder / "good"
    good.mkdir()
    slide = build(good).relative_to(good)
    for seed in seeds:
        broken, out = folder / "broken", folder / "out"
        shutil.copytree(good, broken)
        files = sorted(path for path in broken.rglob("*") if path.is_file())
        victim = files[seed % len(files)]
        victim.write_bytes(mutated(victim.read_bytes(), seed))
        start = time.perf_counter()
        error = _converted(broken / slide, out)
        yield Fate(seed, error, time.perf_counter() - start)
        shutil.rmtree(broken)
        shutil.rmtree(out, ignore_errors=True)


def _converted(slide: Path, out: Path) -> str | None:
    try:
        convert(slide, out, _OPTIONS)
    except DicomizerError as error:
        assert "\n" not in str(error)
        assert not out.exists()
        return str(error)
    return None

# SPDX-License-Identifier: Apache-2.0
"""Frames a second while panning under 200,000 polygons and under 1,000,000 points.

    PYTHONPATH=tests:tests/benchmarks python tests/benchmarks/bench_annotations.py

In Chromium without a display and without a graphics processor. Each view is panned in turn with the
annotations hidden and shown, and the best of the rounds is told for both: what is left of the
slide's own rate is what the annotations cost, on a busy machine, too.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import slides
from browser.conftest import BROWSERS, FLAGS
from browser.harness import READY, Archive, serving
from playwright.sync_api import sync_playwright

WIDTH, HEIGHT = 4000, 3000
SCREEN = {"width": 1366, "height": 768}
CLASSES = [("tumour", [0, 87, 255]), ("stroma", [0, 51, 0]), ("lymphocyte", [255, 225, 0])]
KEYS = {"whole slide": "0", "10x": "4", "20x": "5"}
SEEN = "[aria-label='show annotations'][aria-pressed={seen}]"
RECORD = """() => { const times = window.times = []
  const step = (now) => { times.push(now); window.running = requestAnimationFrame(step) }
  window.running = requestAnimationFrame(step) }"""
STOP = "() => { cancelAnimationFrame(window.running); return window.times }"


def polygons(count: int) -> Iterator[tuple[str, list[Any]]]:
    across = math.ceil(math.sqrt(count * WIDTH / HEIGHT))
    step = WIDTH / across
    corners = [(math.cos(turn * math.pi / 8), math.sin(turn * math.pi / 8)) for turn in range(17)]
    for index in range(count):
        x, y = (index % across + 0.5) * step, (index // across + 0.5) * step
        reach = 0.45 * step
        yield (
            "Polygon",
            [[[round(x + reach * a, 2), round(y + reach * b, 2)] for a, b in corners]],
        )


def points(count: int) -> Iterator[tuple[str, list[Any]]]:
    for x, y in np.random.default_rng(1).random((count, 2)) * (WIDTH, HEIGHT):
        yield "Point", [round(x, 2), round(y, 2)]


def write(path: Path, shapes: Iterator[tuple[str, list[Any]]]) -> None:
    chance = random.Random(1)
    with path.open("w") as out:
        out.write('{"type":"FeatureCollection","features":[')
        for index, (kind, coordinates) in enumerate(shapes):
            name, color = chance.choice(CLASSES)
            feature = {
                "type": "Feature",
                "geometry": {"type": kind, "coordinates": coordinates},
                "properties": {"classification": {"name": name, "color": color}},
            }
            out.write("," * (index > 0) + json.dumps(feature))
        out.write("]}")


def rate(page: Any) -> float:
    """Drag the slide about; return frames a second."""
    page.wait_for_selector(READY)
    page.mouse.move(500, 400)
    page.mouse.down()
    page.evaluate(RECORD)
    for step in range(60):
        page.mouse.move(500 + 160 * math.sin(step / 6), 400 + 120 * math.sin(step / 12))
    times = page.evaluate(STOP)
    page.mouse.up()
    return 1000 * (len(times) - 1) / (times[-1] - times[0])


def toggle(page: Any, *, shown: bool) -> None:
    button = page.get_by_role("button", name="show annotations")
    if (button.get_attribute("aria-pressed") == "true") != shown:
        button.click()
    page.wait_for_selector(SEEN.format(seen=str(shown).lower()))


def measure(page: Any, name: str, file: Path, rounds: int) -> None:
    begun = time.perf_counter()
    page.evaluate(RECORD)
    page.locator(".files input").set_input_files(file)
    page.get_by_text(" imported").wait_for()
    gaps = np.diff(page.evaluate(STOP))
    print(
        f"{name}: {file.stat().st_size / 1e6:.0f} MB read in {time.perf_counter() - begun:.1f} s, "
        f"the page stood still for {gaps.max():.0f} ms at most"
    )
    for view, key in KEYS.items():
        page.locator(".stage").hover(position={"x": 400, "y": 300})
        page.keyboard.press(key)
        rates: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(rounds):
            for shown in (False, True):
                toggle(page, shown=shown)
                rates[shown].append(rate(page))
        print(f"  {view}: {max(rates[True]):.0f} frames/s, without {max(rates[False]):.0f}")
    page.get_by_role("button", name="delete all").click()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        work = Path(folder)
        with serving(work / "data", work / "log") as address:
            archive = Archive(address, work / "data", work)
            slide = slides.write_svs(work / "slide.svs", size=(WIDTH, HEIGHT), tile=256)
            served = archive.add("slide", slide.path, {})
            program = next(filter(None, map(shutil.which, BROWSERS)))
            browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
            page = browser.new_page(viewport=SCREEN, base_url=address)
            page.set_default_timeout(180_000)
            page.goto(f"{served.path}?show=annotations")
            page.get_by_role("toolbar", name="drawing tools").wait_for()
            for name, shapes in [
                ("200,000 polygons", polygons(200_000)),
                ("1,000,000 points", points(1_000_000)),
            ]:
                file = work / "shapes.geojson"
                write(file, shapes)
                measure(page, name, file, rounds)
            browser.close()


if __name__ == "__main__":
    main()

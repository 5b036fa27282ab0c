# SPDX-License-Identifier: Apache-2.0
"""Scrolling through a long worklist in a browser: frames a second, and how soon rows are there.

    python tests/benchmarks/bench_worklist.py [FOLDER] [STUDIES]

Makes an index of STUDIES (100,000) in FOLDER, or takes the one that is there, serves it, and prints
how long it takes until the first rows are there and until all are counted, the frames of half a
minute of scrolling by wheel and by far jumps, and how long it takes until the rows are there after
each jump. Needs the built viewer and Chromium.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import bench_query
from browser.harness import serving
from playwright.sync_api import Page, sync_playwright

from tileserver.index import Index
from tileserver.index.insertion import add_all

SCREEN = {"width": 1366, "height": 768}
BATCH = 5000
_FRAMES = """async ([jumps, milliseconds]) => {
  const rows = document.querySelector('.worklist-rows')
  const frames = []
  const begin = performance.now()
  let last = begin
  await new Promise(resolve => requestAnimationFrame(function step(now) {
    frames.push(now - last)
    last = now
    if (jumps) rows.scrollTop = Math.abs(Math.sin(frames.length)) * rows.scrollHeight
    else rows.scrollTop += 37
    if (now - begin < milliseconds) requestAnimationFrame(step)
    else resolve()
  }))
  return frames.slice(2)
}"""
_JUMP = """async part => {
  const rows = document.querySelector('.worklist-rows')
  const begin = performance.now()
  rows.scrollTop = part * rows.scrollHeight
  await new Promise(requestAnimationFrame)
  await new Promise(requestAnimationFrame)
  while (document.querySelector('.case-row[data-state=loading]'))
    await new Promise(requestAnimationFrame)
  return performance.now() - begin
}"""


def fill(folder: Path, studies: int) -> None:
    """Add a study of one instance each."""
    index = Index(folder / "index.sqlite")
    records = (bench_query.record(study, 0) for study in range(studies))
    while batch := list(islice(records, BATCH)):
        with index._writing() as connection:
            add_all(connection, batch)
    index.close()


def report(name: str, frames: list[float]) -> None:
    """Print the frames of a scroll, from the milliseconds that each took."""
    ordered = sorted(frames)
    print(
        f"{name:12} {1000 / statistics.fmean(frames):5.1f} frames/s, "
        f"median {statistics.median(frames):5.1f} ms, "
        f"95 % within {ordered[len(ordered) * 95 // 100]:5.1f} ms, longest {ordered[-1]:5.1f} ms"
    )


def measure(page: Page, address: str) -> None:
    """Print how the worklist scrolls."""
    page.goto(address)
    page.wait_for_selector(".case-row[data-state=ready]")
    print(
        f"first rows   {page.evaluate('performance.now()'):6.0f} ms after the address was entered"
    )
    page.wait_for_function(
        "() => !/at least/.test(document.querySelector('#worklist-status strong').textContent)"
    )
    print(f"counted      {page.evaluate('performance.now()'):6.0f} ms")
    print(f"             {page.locator('#worklist-status strong').inner_text()}")
    report("wheel", page.evaluate(_FRAMES, [False, 10_000]))
    report("far jumps", page.evaluate(_FRAMES, [True, 10_000]))
    waits = [page.evaluate(_JUMP, part / 17) for part in range(1, 17)]
    print(
        f"rows after a jump: median {statistics.median(waits):.0f} ms, longest {max(waits):.0f} ms"
    )


def main() -> None:
    """Fill where needed, serve, and measure."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    if not (folder / "index.sqlite").exists():
        folder.mkdir(parents=True, exist_ok=True)
        fill(folder, int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
    with serving(folder, folder / "server.log") as address, sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport=SCREEN)
        # The index has no files behind it: what would be drawn of them is not asked for.
        page.route("**/thumbnail?*", lambda route: route.fulfill(status=204))
        measure(page, address)
        browser.close()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""One visit to a slide in one viewer, in a browser of its own, and what it took."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewers.film import Film, block_means
from viewers.walk import Drag, Slide, Step, View, whole

WINDOW = (1366, 768)
PART = (208, 112, 1168, 624)
"""Left, upper, right and lower edge of where no viewer lays anything over the slide."""
LOOKING_SECONDS = 1.5
"""A reader looks at each screen for so long; what is fetched ahead meanwhile counts."""
PATIENCE_SECONDS = 60
DRAG_SECONDS = 0.6
SEED = 20
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_RECORD_FRAMES = """() => {
  const shown = (window.shown = [])
  requestAnimationFrame(function step(now) {
    if (window.shown !== shown) return
    shown.push(now)
    requestAnimationFrame(step)
  })
}"""
_TAKE_FRAMES = "() => { const { shown } = window; window.shown = null; return shown }"


@dataclass(frozen=True)
class Viewer:
    """A viewer: its page, how to tell that it has drawn all, and how it is told to magnify."""

    name: str
    address: Any
    """From a slide and a view to the path of the page."""
    ready: str
    magnify: Any
    """Changes the magnification of a page."""


@dataclass(frozen=True)
class Link:
    """What lies between browser and server: megabits a second, and milliseconds there and back."""

    megabits: float
    latency_ms: float


@dataclass
class Visit:
    """What a visit took.

    Parameters
    ----------
    useful, sharp
        Seconds from the start of the page to a first useful picture, and to the final one.
    settling
        Seconds from the end of each step to the final picture.
    opening_bytes, walk_bytes
        Fetched until the first screen had been looked at, and for all others.
    frame_ms
        Between frames while the slide is dragged.
    pictures
        Of the screens; small, to tell that all viewers showed the same.
    """

    useful: float = 0
    sharp: float = 0
    settling: list[float] = field(default_factory=list)
    opening_bytes: float = 0
    walk_bytes: float = 0
    frame_ms: list[float] = field(default_factory=list)
    heap_mb: float = 0
    browser_mb: float = 0
    pictures: list[NDArray[np.float64]] = field(default_factory=list)


@contextmanager
def visited(chromium: Any, program: str | None) -> Iterator[Any]:
    """Give a page of a browser that has never been anywhere."""
    browser = chromium.launch(executable_path=program, args=FLAGS)
    width, height = WINDOW
    try:
        yield browser.new_page(viewport={"width": width, "height": height})
    finally:
        browser.close()


def judged(slide: Slide) -> tuple[int, int, int, int]:
    """Return the part of the window that has nothing but slide at the beginning, too."""
    left, upper, right, lower = PART
    resolution = whole(slide, WINDOW).resolution
    aside, above = (
        math.ceil((length - matrix / resolution) / 2) + 8
        for length, matrix in zip(WINDOW, (slide.width, slide.height), strict=True)
    )
    return (
        max(left, aside),
        max(upper, above),
        min(right, WINDOW[0] - aside),
        min(lower, WINDOW[1] - above),
    )


class Traffic:
    """Counts what comes over the network, cancelled answers too."""

    def __init__(self, session: Any) -> None:
        self.bytes = 0.0
        self._partial: dict[str, float] = {}
        session.on("Network.dataReceived", self._part)
        session.on("Network.loadingFinished", self._finished)
        session.on("Network.loadingFailed", self._failed)

    @property
    def is_idle(self) -> bool:
        """Whether no answer is on its way."""
        return not self._partial

    def _part(self, event: dict[str, Any]) -> None:
        name = event["requestId"]
        self._partial[name] = self._partial.get(name, 0) + event["encodedDataLength"]

    def _finished(self, event: dict[str, Any]) -> None:
        self._partial.pop(event["requestId"], None)
        self.bytes += event["encodedDataLength"]

    def _failed(self, event: dict[str, Any]) -> None:
        self.bytes += self._partial.pop(event["requestId"], 0)


class Visitor:
    """Goes over a slide in a viewer as a reader does, by pointer and keys."""

    def __init__(self, page: Any, viewer: Viewer, address: str, slide: Slide) -> None:
        self.visit = Visit()
        self._page, self._viewer = page, viewer
        self._address, self._slide = address, slide
        self._session = page.context.new_cdp_session(page)
        self._session.send("Network.enable")
        self._session.send("Performance.enable")
        self._film = Film(self._session, judged(slide))
        self._traffic = Traffic(self._session)

    def link(self, link: Link) -> None:
        """Put a slower link between browser and server."""
        speed = link.megabits * 1e6 / 8
        self._session.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": link.latency_ms,
                "downloadThroughput": speed,
                "uploadThroughput": speed,
            },
        )

    def open(self, view: View) -> None:
        """Open the slide at a view, and look at it."""
        self._film.start()
        self._page.goto(
            self._address + self._viewer.address(self._slide, view), wait_until="commit"
        )
        began = self._page.evaluate("performance.timeOrigin") / 1000
        self._look(began)
        seen = self._film.take(began)
        self.visit.useful, self.visit.sharp = seen.useful - began, seen.sharp - began
        self.visit.pictures.append(block_means(seen.picture))
        self.visit.opening_bytes = self._traffic.bytes

    def walk(self, steps: list[Step]) -> None:
        """Go from screen to screen, and look at each."""
        before = self._traffic.bytes
        for step in steps:
            since = self._do(step)
            self._look(since)
            seen = self._film.take(since)
            self.visit.settling.append(seen.sharp - since)
            self.visit.pictures.append(block_means(seen.picture))
        self.visit.walk_bytes = self._traffic.bytes - before
        self._film.stop()

    def pan(self, steps: list[Step]) -> None:
        """Go on without stopping, and count the frames while the slide is dragged."""
        for step in steps:
            if isinstance(step, Drag):
                self._page.evaluate(_RECORD_FRAMES)
                self._do(step)
                times = self._page.evaluate(_TAKE_FRAMES)
                self.visit.frame_ms += np.diff(times).tolist()
            else:
                self._do(step)

    def wander(self, steps: Iterator[Step], minutes: float) -> None:
        """Pan for so long, then see how much memory is in use."""
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            self._do(next(steps))
        self._session.send("HeapProfiler.collectGarbage")
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        used = {metric["name"]: metric["value"] for metric in metrics}
        self.visit.heap_mb = used["JSHeapUsedSize"] / 1e6
        self.visit.browser_mb = browser_mb(self._page.context.browser)

    def _do(self, step: Step) -> float:
        """Take a step; return when the reader had done it, in seconds since the epoch."""
        if isinstance(step, Drag):
            return self._drag(step)
        done = time.time()
        self._viewer.magnify(self._page, step)
        self._page.wait_for_timeout(200)
        return done

    def _drag(self, step: Drag) -> float:
        """Drag in a given time, however slow the viewer is; stand still before letting go."""
        mouse = self._page.mouse
        left, upper = WINDOW[0] / 2 - step.right / 2, WINDOW[1] / 2 - step.down / 2
        mouse.move(left - 4, upper)
        mouse.down()
        mouse.move(left, upper)  # from here on it is a drag
        began = time.monotonic()
        part = 0.0
        while part < 1:
            part = min(1, (time.monotonic() - began) / DRAG_SECONDS)
            mouse.move(left + step.right * part, upper + step.down * part)
            self._page.wait_for_timeout(8)
        done = time.time()
        self._page.wait_for_timeout(150)
        mouse.move(left + step.right, upper + step.down)
        mouse.up()
        return done

    def _look(self, since: float) -> None:
        """Wait until the viewer has drawn all, and the screen has not changed for a while."""
        end = time.monotonic() + PATIENCE_SECONDS
        quiet = since
        while time.monotonic() < end:
            self._page.wait_for_timeout(50)
            quiet = max(quiet, self._film.last)
            is_looked_at = time.time() - quiet > LOOKING_SECONDS
            if is_looked_at and self._film.last and self._page.query_selector(self._viewer.ready):
                return
        raise TimeoutError(f"{self._viewer.name} has not drawn all in {PATIENCE_SECONDS} s")


def browser_mb(browser: Any) -> float:
    """Return the memory of all processes of a browser; what they share is counted once."""
    session = browser.new_browser_cdp_session()
    found = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return sum(_proportional_mb(process["id"]) for process in found)


def _proportional_mb(process: int) -> float:
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1000
    return 0


def ours_address(slide: Slide, view: View) -> str:
    """Return the path of our page."""
    return (
        f"/studies/{slide.study}/series/{slide.series}"
        f"?x={view.x}&y={view.y}&mpp={view.resolution * slide.mpp}&r=0"
    )


def peer_address(slide: Slide, _: View) -> str:
    """Return the path of the peer's page, which begins with the whole slide anyway."""
    return f"/peer/peer.html?study={slide.study}&series={slide.series}"


OURS = Viewer(
    "Coverslip",
    ours_address,
    ".stage[data-state=ready]",
    lambda page, step: page.keyboard.press(str(step.key)),
)
PEER = Viewer(
    "dicom-microscopy-viewer",
    peer_address,
    "body[data-state=ready]",
    lambda page, step: page.evaluate("to => { magnify(to) }", step.resolution),
)

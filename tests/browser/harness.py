# SPDX-License-Identifier: Apache-2.0
"""What the browser tests share: a running server with slides in it, and looking at a page."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image

SCREEN = {"width": 1200, "height": 800}
READY = ".stage[data-state=ready]"
STUDY = "2.25.100000000000000000000000000000000001"
"""The case of two slides."""


@dataclass(frozen=True)
class Served:
    """A slide in the archive."""

    source: Path
    study: str
    series: str
    folder: Path

    @property
    def path(self) -> str:
        return f"/studies/{self.study}/series/{self.series}"


@dataclass
class Archive:
    """A running server and what was put into it."""

    address: str
    data: Path
    work: Path
    slides: dict[str, Served] = field(default_factory=dict)

    def add(self, name: str, source: Path, metadata: dict[str, Any]) -> Served:
        """Convert a slide and ingest it, while the server runs."""
        folder = self.work / name
        described = self.work / f"{name}.json"
        described.write_text(json.dumps(metadata))
        run("dicomizer", "convert", str(source), str(folder), "--metadata", str(described))
        return self.ingest(name, source, folder)

    def store(self, folder: Path) -> None:
        """Put files into the archive, while the server runs."""
        run("tileserver", "ingest", str(folder), "--data", str(self.data))

    def ingest(self, name: str, source: Path, folder: Path) -> Served:
        self.store(folder)
        header = pydicom.dcmread(next(folder.glob("*.dcm")), stop_before_pixels=True)
        served = Served(source, header.StudyInstanceUID, header.SeriesInstanceUID, folder)
        self.slides[name] = served
        return served


def command(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", f"from {program}.cli import main; main()", *arguments]


def run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        command(program, *arguments), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def serving(data: Path, log: Path) -> Iterator[str]:
    """Run a server on a port that it chooses; give its address."""
    with log.open("w") as stderr:
        process = subprocess.Popen(
            command("tileserver", "serve", "--data", str(data), "--port", "0"),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        try:
            assert process.stdout
            line = process.stdout.readline()
            found = re.search(r"http://[\w.]+:\d+", line)
            assert found, f"no address in {line!r}: {log.read_text()}"
            yield found[0]
        finally:
            process.terminate()
            process.wait(timeout=10)
            process.stdout.close()


def canvas_pixels(page: Any) -> NDArray[np.uint8]:
    """Return what the map's canvas holds: (rows, columns, 3) uint8 RGB."""
    address = page.evaluate("document.querySelector('.stage canvas').toDataURL('image/png')")
    return _rgb(base64.b64decode(address.partition(",")[2]))


def screen_pixels(page: Any) -> NDArray[np.uint8]:
    """Return what the reader sees: (rows, columns, 3) uint8 RGB."""
    return _rgb(page.screenshot())


def _rgb(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def next_frame(page: Any) -> None:
    """Wait until the page has drawn: a browser tells moves of a finger once for each picture."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

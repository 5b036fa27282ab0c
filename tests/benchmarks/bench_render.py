# SPDX-License-Identifier: Apache-2.0
"""Rendered tiles a second: regions of a pyramid beside the borders of frames, coded as JPEG.

Beside them stands what decoding and coding alone take, in the same run: four frames decoded and
one coded, on as many threads. The time of the processor for one tile holds on a busy machine, too.

    python tests/benchmarks/bench_render.py [folder of DICOM files of one series]
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import simplejpeg

from tileserver.app import open_services
from tileserver.services import Services
from tileserver.services.render import (
    IccChoice,
    Look,
    Picture,
    Pyramid,
    Region,
    Render,
    Size,
    encode,
)
from tileserver.services.render.decoded import DecodedFrames
from tileserver.settings import Settings

DEFAULT = (
    Path(__file__).parents[3] / "shared" / "slides" / "dicom" / "variants" / "jpeg_full_pyramid"
)
SECONDS = 2.0
REPEATS = 3
JOBS = 100
TILE = 256
QUALITY = 80

Job = Callable[[random.Random], object]


def rate(job: Job, threads: int) -> float:
    """Return how often a job is done in a second; the best of several runs."""
    return max(_rate(job, threads) for _ in range(REPEATS))


def _rate(job: Job, threads: int) -> float:
    counts = [0] * threads
    end = time.perf_counter() + SECONDS / REPEATS

    def work(number: int) -> None:
        chance = random.Random(number)
        while time.perf_counter() < end:
            job(chance)
            counts[number] += 1

    begin = time.perf_counter()
    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / (time.perf_counter() - begin)


def milliseconds(job: Job) -> float:
    """Return the time of the processor that a job takes; the best of several runs."""
    runs = []
    for number in range(REPEATS):
        chance = random.Random(number)
        begin = time.process_time()
        for _ in range(JOBS):
            job(chance)
        runs.append((time.process_time() - begin) * 1000 / JOBS)
    return min(runs)


def tiles(render: Render, pyramid: Pyramid, side: float, icc: IccChoice = IccChoice.NO) -> Job:
    """Return the job of rendering a tile of some pixels of the finest level at any whole place."""
    base, look = pyramid.base, Look(icc=icc)

    def job(chance: random.Random) -> bytes:
        left = chance.randrange(int(base.columns - side))
        top = chance.randrange(int(base.rows - side))
        region = Region(left, top, side, side)
        picture = render.region(pyramid, region, Size(TILE, TILE), look)
        return encode(picture, "image/jpeg", QUALITY)

    return job


def _forgetful(services: Services) -> Render:
    """Return a renderer that keeps no decoded frames: the cost of the first tile of a place."""
    render = Render(services.render._frames._store, services.render._index, services.decoders)
    render._frames._kept = DecodedFrames(most_bytes=0)
    return render


def floor(frames: list[bytes]) -> Job:
    """Return the job of decoding four frames and coding one."""

    def job(chance: random.Random) -> bytes:
        for frame in chance.choices(frames, k=4):
            pixels = simplejpeg.decode_jpeg(frame)
        return encode(Picture(np.ascontiguousarray(pixels)), "image/jpeg", QUALITY)

    return job


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    with tempfile.TemporaryDirectory() as data:
        services, index = open_services(Settings(data=Path(data)))
        for path in sorted(folder.glob("*.dcm")):
            with path.open("rb") as file:
                stored = services.ingest.add_file(file)
        render = services.render
        pyramid = render.pyramid(stored.study_instance_uid, stored.series_instance_uid)
        finest = pyramid.base.images[0]
        numbers = range(1, finest.number_of_frames + 1)
        frames = list(services.retrieve.frames(finest.found, numbers))
        jobs = {
            "decode 4 frames, code 1": floor(frames),
            "scale 1, beside frames": tiles(render, pyramid, TILE),
            "the same, nothing kept": tiles(_forgetful(services), pyramid, TILE),
            "scale 2, next level": tiles(render, pyramid, 2 * TILE),
            "scale 1.7": tiles(render, pyramid, 1.7 * TILE),
            "scale 0.6": tiles(render, pyramid, 0.6 * TILE),
            "scale 1, to Adobe RGB": tiles(render, pyramid, TILE, IccChoice.ADOBE_RGB),
        }
        for name, job in jobs.items():
            one, two, cpu = rate(job, 1), rate(job, 2), milliseconds(job)
            print(f"{name:26}{one:7.0f}/s on one thread{two:7.0f}/s on two{cpu:7.2f} ms of CPU")
        index.close()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Clients that keep a server busy while something is done to its archive."""

from __future__ import annotations

import random
import threading

import httpx
import varied_archive
from servers import STOW_TYPE, multipart


class Clients:
    """Store, replace and delete instances of a study each until told to stop."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._stopping = threading.Event()
        self._answered = threading.Condition()
        self._threads = [threading.Thread(target=self._act, args=(n,)) for n in range(4)]
        self.done: list[int] = []

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, count: int) -> None:
        """Wait until so many requests were answered."""
        with self._answered:
            assert self._answered.wait_for(lambda: len(self.done) >= count, timeout=120)

    def _act(self, number: int) -> None:
        rng = random.Random(number)
        study = f"1.2.6.{number}".encode()
        old = varied_archive.SHARED_STUDY.encode()
        files = [file.replace(old, study) for file in varied_archive.shared()]
        with httpx.Client(base_url=self._address, timeout=60) as http:
            while not self._stopping.is_set():
                status = self._step(http, rng, files, study.decode())
                with self._answered:
                    self.done.append(status)
                    self._answered.notify_all()

    def _step(self, http, rng: random.Random, files: list[bytes], study: str) -> int:
        if rng.random() < 0.3:
            below = rng.choice(["", f"/series/{study}.1", f"/series/{study}.2"])
            return http.delete(f"/dicomweb/studies/{study}{below}").status_code
        version = bytes([rng.randrange(48, 58)]) * 4
        some = [file.replace(b"told", version) for file in rng.sample(files, 3)]
        return http.post(
            "/dicomweb/studies", content=multipart(some), headers={"Content-Type": STOW_TYPE}
        ).status_code

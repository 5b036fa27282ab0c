# SPDX-License-Identifier: Apache-2.0
"""OpenJPH makes its tables at the first use, which must not be that of two threads at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import imagecodecs
import numpy as np

from dicomizer.pixels.codecs import encode
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.format import RGB_8


def test_no_encoder_is_given_before_one_thread_has_coded_all_kinds_of_samples(monkeypatch):
    coding = imagecodecs.htj2k_encode
    alone = threading.Lock()
    kinds = []

    def watched(pixels: np.ndarray, **options: object) -> bytes:
        assert alone.acquire(blocking=False), "two threads are in OpenJPH at once"
        try:
            time.sleep(0.01)
            kinds.append((pixels.dtype.name, options["reversible"]))
            return coding(pixels, **options)
        finally:
            alone.release()

    monkeypatch.setattr(imagecodecs, "htj2k_encode", watched)
    encode._prepare_htj2k.cache_clear()

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: encode.encoder(Codec.HTJ2K, RGB_8, None), range(8)))

    assert len(made) == 8
    assert kinds == [("uint8", True), ("uint8", False), ("uint16", True), ("uint16", False)]

# SPDX-License-Identifier: Apache-2.0
"""What a quality means to each codec."""

from __future__ import annotations

import pytest

from dicomizer.pixels.codecs import quality


@pytest.mark.parametrize(
    ("chosen", "ratio", "step", "distance", "near"),
    [
        (1, 22.0, 0.5, 25.0, 35),
        (50, 32.7, 0.073, 3.9, 10),
        (80, 35.3, 0.049, 1.82, 7),
        (90, 40.8, 0.0257, 0.74, 4),
        (100, 52.9, 0.0042, 0.064, 1),
    ],
)
def test_a_quality_stands_for_one_ratio_in_every_codec(chosen, ratio, step, distance, near):
    assert quality.signal_to_noise(chosen) == pytest.approx(ratio)
    assert quality.quantisation_step(chosen) == pytest.approx(step, rel=0.03)
    assert quality.butteraugli_distance(chosen) == pytest.approx(distance, rel=0.03)
    assert quality.near(chosen, 8) == near


def test_every_measure_goes_one_way():
    every = range(1, 101)

    assert [quality.signal_to_noise(q) for q in every] == sorted(
        quality.signal_to_noise(q) for q in every
    )
    for measure in (quality.quantisation_step, quality.butteraugli_distance):
        values = [measure(q) for q in every]
        assert values == sorted(values, reverse=True)
        assert min(values) > 0


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_near_is_within_what_the_standard_allows(bits):
    values = [quality.near(q, bits) for q in range(1, 101)]

    assert min(values) >= 1
    assert max(values) <= min(255, (1 << bits) // 2)

# SPDX-License-Identifier: Apache-2.0
"""ICC profiles."""

from __future__ import annotations

from dicomizer.pixels.color import describe_profile, is_rgb_profile, srgb_profile


def test_srgb_profile_is_one_and_the_same_even_file():
    srgb_profile.cache_clear()
    first = srgb_profile()
    srgb_profile.cache_clear()

    assert srgb_profile() == first
    assert len(first) % 2 == 0
    assert is_rgb_profile(first)
    assert "sRGB" in describe_profile(first)


def test_other_bytes_are_no_profile():
    assert not is_rgb_profile(b"")
    assert not is_rgb_profile(bytes(500))
    assert not is_rgb_profile(srgb_profile()[:200])
    assert describe_profile(bytes(500)) == "unnamed"

# SPDX-License-Identifier: Apache-2.0
"""Broken slides: whatever bits are wrong, the command ends with an error of ours, or converts."""

from __future__ import annotations

import pytest
from mutants.making import builders, fates

MUTANTS = 12
"""Of each format and dialect; ``make mutants`` makes 10,000."""


@pytest.mark.parametrize("build", [pytest.param(build, id=name) for name, build in builders()])
def test_broken_slide_is_converted_or_refused_and_leaves_nothing(tmp_path, build):
    found = list(fates(build, tmp_path, range(MUTANTS)))

    assert len(found) == MUTANTS
    assert all(fate.seconds < 10 for fate in found)
    for fate in found:
        if fate.error is not None:
            # The error names the file, or one that belongs to it.
            assert fate.error.startswith(str(tmp_path / "broken")), fate.seed

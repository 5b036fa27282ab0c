# SPDX-License-Identifier: Apache-2.0
"""What all tests share: the slides built by code, and the real ones where they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
REAL_SLIDES = Path(os.environ.get("COVERSLIP_SLIDES", REPOSITORY.parent / "shared" / "slides"))


@pytest.fixture(scope="session")
def real_slide():
    """Give a function from a name below the folder of real slides to its path, or skip."""

    def find(name: str) -> Path:
        path = REAL_SLIDES / name
        if not path.exists():
            pytest.skip(f"{name} is not here: name the folder of real slides in COVERSLIP_SLIDES")
        return path

    return find

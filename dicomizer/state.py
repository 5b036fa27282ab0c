# SPDX-License-Identifier: Apache-2.0
"""How far a part of a conversion is: what a process leaves that another can go on with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

State = Mapping[str, NDArray[np.generic]]
"""Arrays by name."""

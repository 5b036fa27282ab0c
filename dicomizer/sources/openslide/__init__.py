# SPDX-License-Identifier: Apache-2.0
"""Whatever OpenSlide opens: 3DHISTECH MRXS, Hamamatsu VMS and VMU, Sakura svslide, and the rest."""

from dicomizer.sources.openslide.source import OpenSlideSource

__all__ = ["OpenSlideSource"]

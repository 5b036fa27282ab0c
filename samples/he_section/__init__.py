# SPDX-License-Identifier: Apache-2.0
"""A synthetic section of bowel, stained with haematoxylin and eosin, as an Aperio slide file.

`make_slide` writes it. `picture` draws any rectangle of it, a function of the place and the seed
alone: `anatomy` says where mucosa, tumour, muscle and fat are, `glands`, `vessels` and `cells`
what is in them, `tissue` how much stain they take up, and `picture` how that looks on glass.
"""

from __future__ import annotations

from he_section.options import SlideOptions
from he_section.svs import make_slide

__all__ = ["SlideOptions", "make_slide"]

# SPDX-License-Identifier: Apache-2.0
"""Which instances are made together: a stored image, and the levels derived from it in one pass.

A chain begins at an image of the source and goes on with each halving of it that is to be
written. The image itself is coded anew in the same pass, or passed through in another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.planning import Route
from dicomizer.planning.levels import retiled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.planning import InstancePlan
    from dicomizer.slide import SlideImage


@dataclass(frozen=True, slots=True)
class Chain:
    """Instances made of one stored image.

    Parameters
    ----------
    source
        As the file holds it.
    levels
        The image as tiled for the result, then each halving, finest first.
    outputs
        The instance of each level; the first is ``None`` where it is passed through.
    """

    source: SlideImage
    levels: tuple[SlideImage, ...]
    outputs: tuple[InstancePlan | None, ...]

    @property
    def halvings(self) -> int:
        """How often the source is reduced by two."""
        return len(self.levels) - 1


def chains(instances: Sequence[InstancePlan]) -> Iterator[Chain]:
    """Yield the chains among the instances of a plan, in their order."""
    for made in _grouped(instances).values():
        base = next((item for item in made if item.halvings == 0), None)
        derived = [item for item in made if item.halvings > 0]
        source = made[0].source
        assert source is not None
        if base is not None and not (derived and _fit(base, derived[0])):
            yield Chain(source, (base.image,), (base,))
            base = None
        if derived:
            root = retiled(source, derived[0].image.tile_size)
            yield Chain(source, (root, *(item.image for item in derived)), (base, *derived))


def _grouped(instances: Sequence[InstancePlan]) -> dict[str, list[InstancePlan]]:
    groups: dict[str, list[InstancePlan]] = {}
    for instance in instances:
        if instance.route in (Route.TRANSCODE, Route.DERIVE):
            assert instance.source is not None
            groups.setdefault(instance.source.key, []).append(instance)
    return groups


def _fit(base: InstancePlan, derived: InstancePlan) -> bool:
    """Tell whether both have the same tiles, so that four halves of one fill the other."""
    return base.image.tile_size == derived.image.tile_size

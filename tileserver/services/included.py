# SPDX-License-Identifier: Apache-2.0
"""Which attributes a query returns beyond the usual ones, and how much of a sequence.

A path leads to attributes within the items of a sequence. As with the return keys of C-FIND, which
``includefield`` stands for, each item is returned with those that were asked for and no others; the
tag of the sequence alone asks for all of it.

References
----------
PS3.18 8.3.4.3 (attributes included in the response), PS3.4 C.2.2.2.6 (sequence matching)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Included:
    """Which attributes are returned beyond the usual ones.

    Parameters
    ----------
    paths
        Tags, eight upper-case digits each; more than one leads into sequences.
    everything
        All that the index keeps of a level and those above.
    """

    paths: frozenset[Path] = frozenset()
    everything: bool = False

    @property
    def tags(self) -> frozenset[str]:
        """The tags that the paths begin with."""
        return frozenset(path[0] for path in self.paths)

    def below(self, tag: str) -> frozenset[Path]:
        """Return where the paths below an attribute go on; none where all of it is wanted."""
        return _below(self.paths, tag)


def _below(paths: Iterable[Path], tag: str) -> frozenset[Path]:
    rest = {path[1:] for path in paths if path[0] == tag}
    return frozenset() if () in rest else frozenset(rest)


def narrowed(element: Mapping[str, Any], paths: frozenset[Path]) -> dict[str, Any] | None:
    """Return an element of DICOM JSON with no more in its items than paths lead to.

    Parameters
    ----------
    paths
        Below the element; all of it is wanted where there are none.

    Returns
    -------
    element
        ``None`` where paths lead into what is no sequence.
    """
    if not paths:
        return dict(element)
    if element.get("vr") != "SQ":
        return None
    items = [_item(item, paths) for item in element.get("Value", ())]
    return {**element, "Value": items} if items else dict(element)


def narrowed_text(text: str, paths: frozenset[Path]) -> str | None:
    """Return the same of JSON text."""
    if not paths:
        return text
    found = narrowed(json.loads(text), paths)
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")) if found else None


def _item(item: Mapping[str, Any], paths: frozenset[Path]) -> dict[str, Any]:
    found = {
        tag: narrowed(item[tag], _below(paths, tag))
        for tag in sorted({path[0] for path in paths})
        if tag in item
    }
    return {tag: element for tag, element in found.items() if element is not None}

# SPDX-License-Identifier: Apache-2.0
"""How instances go out: as stored wherever the client takes that, transcoded only where asked.

References
----------
PS3.18 8.7.3.2 (DICOM media types), 8.7.8.2 (selected transfer syntax)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tileserver.dicomweb.media_types import Chosen, find_choice, offer_text
from tileserver.errors import NotAcceptableError
from tileserver.services.transfer_syntaxes import JPEG_BASELINE, UNCOMPRESSED, is_decodable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tileserver.dicomweb.media_types import AcceptRange
    from tileserver.index import StoredInstance

_TARGETS = (UNCOMPRESSED, JPEG_BASELINE)


@dataclass(frozen=True, slots=True)
class InstancePlan:
    """How instances go out.

    Parameters
    ----------
    transfer_syntax_uid
        That all shall have; ``None`` where each goes out as it is stored.
    """

    chosen: Chosen
    transfer_syntax_uid: str | None = None

    def made_of(self, found: StoredInstance) -> str | None:
        """Return the transfer syntax that an instance is transcoded to, ``None`` if it is not."""
        wanted = self.transfer_syntax_uid
        return None if wanted == found.transfer_syntax_uid else wanted


def plan_instances(
    ranges: Sequence[AcceptRange], found: Sequence[StoredInstance], *offers: Chosen
) -> InstancePlan:
    """Plan how instances go out.

    Without a transfer syntax in the Accept they go out as stored: the default of the standard is
    to decompress, which nobody is known to want of a slide, and which says nothing of losses.

    Raises
    ------
    NotAcceptableError
        Nothing that is accepted fits; the message says what could be had.
    """
    syntaxes = frozenset(item.transfer_syntax_uid for item in found)
    chosen = find_choice(ranges, *offers, transfer_syntaxes=syntaxes)
    if chosen is not None:
        return InstancePlan(chosen)
    is_possible = all(map(is_decodable, syntaxes))
    for target in _TARGETS if is_possible else ():
        named = [item for item in ranges if item.transfer_syntax_uid == target]
        chosen = find_choice(named, *offers)
        if chosen is not None:
            return InstancePlan(chosen, target)
    text = offer_text(*offers, transfer_syntaxes=syntaxes)
    also = f"; transcoded: transfer-syntax={' or '.join(_TARGETS)}" * is_possible
    raise NotAcceptableError(text + also)

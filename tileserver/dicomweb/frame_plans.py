# SPDX-License-Identifier: Apache-2.0
"""How frames go out: in which encoding and media type, under which header fields.

Pure, so that the route and whatever answers in its place decide alike. What is stored goes out
wherever the client takes it; another encoding only where it is named, and what is stored is not.

References
----------
PS3.18 8.7.3.3 (bulk data media types), 8.7.8 (selection)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tileserver.conditions import Validators
from tileserver.dicomweb.media_types import (
    OCTET_STREAM,
    Chosen,
    choose_frames,
    choose_transcoded,
    stored_frames_offer,
    transcoded_frames_offer,
)
from tileserver.dicomweb.responses import IMMUTABLE
from tileserver.errors import NotAcceptableError
from tileserver.services.transfer_syntaxes import (
    JPEG_BASELINE,
    UNCOMPRESSED,
    is_decodable,
    sent_syntax,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tileserver.dicomweb.media_types import AcceptRange

_TAG_DIGITS = 32
_LONGEST_LIST = 200


@dataclass(frozen=True, slots=True)
class FramePlan:
    """How frames go out.

    Parameters
    ----------
    transfer_syntax_uid
        Of what is sent.
    is_transcoded
        Whether that is another encoding than the stored one.
    """

    chosen: Chosen
    transfer_syntax_uid: str
    is_transcoded: bool

    @property
    def part_type(self) -> str:
        """Content-Type of a part."""
        return f"{self.chosen.media_type}; transfer-syntax={self.transfer_syntax_uid}"

    @property
    def content_type(self) -> str:
        """Content-Type of a frame alone."""
        return self.part_type if self.chosen.media_type == OCTET_STREAM else self.chosen.media_type


def plan_frames(ranges: Sequence[AcceptRange], stored: str, *, one: bool) -> FramePlan:
    """Plan how frames of a stored transfer syntax go out.

    Parameters
    ----------
    one
        Whether a single frame is asked for, which can go without multipart.

    Raises
    ------
    NotAcceptableError
        Nothing that is accepted fits; the message says what could be had.
    """
    sent = sent_syntax(stored)
    chosen = choose_frames(ranges, sent, one=one)
    if chosen is not None:
        return FramePlan(chosen, sent, is_transcoded=False)
    if is_decodable(stored):
        for syntax in (UNCOMPRESSED, JPEG_BASELINE):
            chosen = choose_transcoded(ranges, syntax, one=one)
            if chosen is not None and syntax != sent:
                return FramePlan(chosen, syntax, is_transcoded=True)
    raise NotAcceptableError(_what_could_be_had(sent, is_decoded=is_decodable(stored), one=one))


def _what_could_be_had(stored: str, *, is_decoded: bool, one: bool) -> str:
    text = stored_frames_offer(stored, one=one)
    if is_decoded and stored != UNCOMPRESSED:
        text += f"; decoded: {transcoded_frames_offer(UNCOMPRESSED, one=one)}"
    if is_decoded and stored != JPEG_BASELINE:
        text += f"; of 8 bits, with loss: {transcoded_frames_offer(JPEG_BASELINE, one=one)}"
    return text


def frame_validators(sha256: bytes, frame_list: str, plan: FramePlan) -> Validators:
    """Return the validators of frames.

    Parameters
    ----------
    sha256
        Of the stored file.
    frame_list
        As the address has it.
    """
    coded = f"-{plan.transfer_syntax_uid}" if plan.is_transcoded else ""
    etag = f'"{sha256.hex()[:_TAG_DIGITS]}-{frame_list[:_LONGEST_LIST]}{coded}"'
    # Boundaries differ from answer to answer, so that only the meaning of multipart is the same.
    return Validators(f"W/{etag}" if plan.chosen.is_multipart else etag)


def frame_headers(validators: Validators) -> Mapping[str, str]:
    """Return the header fields of frames, but for Content-Type and Content-Length."""
    return {**validators.headers(), "Cache-Control": IMMUTABLE, "Vary": "Accept"}

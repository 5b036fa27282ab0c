# SPDX-License-Identifier: Apache-2.0
"""Another DICOMweb server whose slides the viewer shows: its name and its address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tileserver.settings import Settings

EXPECTED_ORIGIN = (
    "NAME=ADDRESS, such as lab=http://10.0.0.5:8042/dicom-web: a name of small letters, digits and "
    "hyphens, and an address without login"
)
_ORIGIN = re.compile(
    r"([a-z0-9][a-z0-9-]{0,31})="
    r"(https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[\w.~-]+)*)/?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """A DICOMweb server.

    Parameters
    ----------
    url
        Of its service, without a slash at the end.
    is_direct
        Whether browsers ask it themselves.
    """

    name: str
    url: str
    is_direct: bool = False

    @property
    def site(self) -> str:
        """Scheme, host and port, as browsers know it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


def parse_origin(text: str, *, is_direct: bool = False) -> Origin | None:
    """Return the origin that a setting names; ``None`` where it names none."""
    found = _ORIGIN.fullmatch(text)
    if found is None or not _has_port(found[2]):
        return None
    return Origin(found[1], found[2], is_direct)


def origins_of(settings: Settings) -> dict[str, Origin]:
    """Return all origins by their names."""
    told = [parse_origin(text) for text in settings.origins]
    told += [parse_origin(text, is_direct=True) for text in settings.direct_origins]
    return {origin.name: origin for origin in told if origin is not None}


def _has_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False

# SPDX-License-Identifier: Apache-2.0
"""What addresses name: UIDs, AE titles.

References
----------
PS3.5 9.1 (UIDs), table 6.2-1 (AE)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tileserver.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

_UID = re.compile(r"\d+(\.\d+)*", re.ASCII)
_LONGEST_UID = 64
_AETITLE = re.compile(r"[\x20-\x2e\x30-\x5b\x5d-\x7e]{1,16}")
"""No backslash, as in PS3.5, and no slash: titles are parts of addresses."""

_COMMON = ("accept", "charset")
"""Parameters of all transactions (PS3.18 11.1.2)."""


def read_uid(text: str) -> str:
    """Return a UID.

    Raises
    ------
    BadRequestError
        It is none.
    """
    if len(text) > _LONGEST_UID or not _UID.fullmatch(text):
        raise BadRequestError("a UID has numbers parted by dots, 64 characters at most")
    return text


def read_aetitle(text: str) -> str:
    """Return an AE title, without the blanks that do not count.

    Raises
    ------
    BadRequestError
        It is none.
    """
    title = text.strip(" ")
    if not _AETITLE.fullmatch(text) or not title.strip("."):
        raise BadRequestError("an AE title has 1 to 16 characters of ASCII, no slash or backslash")
    return title


def uid_parameter(parameters: Iterable[tuple[str, str]], *names: str) -> str | None:
    """Return the UID among query parameters, which stands alone or behind one of the names.

    Raises
    ------
    BadRequestError
        There are several, or it is none.
    """
    given = list(parameters)
    found = {value for name, value in given if name in names}
    # A name alone that is no UID was meant for one; left out, a new one would take its place.
    found |= {name for name, value in given if not value and name not in (*names, *_COMMON)}
    if len(found) > 1:
        raise BadRequestError("the address has more than one UID")
    return read_uid(found.pop()) if found else None

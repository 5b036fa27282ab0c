# SPDX-License-Identifier: Apache-2.0
"""Which content codings a client takes.

References
----------
RFC 9110 8.4 (content codings), 12.5.3 (Accept-Encoding)
"""

from __future__ import annotations

_LONGEST = 1024


def takes_gzip(accept_encoding: str | None) -> bool:
    """Tell whether a client takes gzip: by name, or by ``*`` where it is not named."""
    qualities: dict[str, bool] = {}
    for item in (accept_encoding or "")[:_LONGEST].lower().split(","):
        name, _, parameter = item.partition(";")
        _, _, quality = parameter.partition("q=")
        qualities[name.strip()] = bool(quality.strip(" 0.")) or not parameter.strip()
    return qualities.get("gzip", qualities.get("*", False))

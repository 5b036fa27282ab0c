# SPDX-License-Identifier: Apache-2.0
"""By which names the server answers.

The owner of a web page can let its name point to 127.0.0.1 a moment after it was loaded (DNS
rebinding): the browser then hands the page whatever a server on this machine answers. Such a
request says in its Host header by which name it came, and nobody but the owner of an address or
of a network can let these come true: addresses, names of one word, and names that the server was
told.

References
----------
RFC 9110 7.2 (Host), 15.5.20 (421 Misdirected Request), RFC 9112 3.2 (400 without one Host)
"""

from __future__ import annotations

import functools
import ipaddress
import re
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.types import Scope

    from tileserver.settings import Settings

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]{1,255})(?::[0-9]{1,5})?", re.ASCII)
_FIELD = re.compile(
    r"(\[[0-9A-Za-z:.%_~!$&'()*+,;=-]+\]|(?:[0-9A-Za-z._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(:[0-9]*)?"
)
"""What a Host header may hold, whether or not anybody is called so (RFC 3986 3.2.2)."""
_REMEMBERED = 256


class KnownHosts:
    """The names and addresses that a server answers by."""

    def __init__(self, settings: Settings) -> None:
        names = {*settings.allowed_hosts, socket.gethostname(), socket.getfqdn()}
        if settings.base_url:
            names.add(urlsplit(settings.base_url).hostname or "")
        self._names = frozenset(name.lower().rstrip(".") for name in names)
        self._any = "*" in self._names
        # The same few come again and again.
        self.knows = functools.lru_cache(_REMEMBERED)(self._knows)

    def admits(self, scope: Scope) -> bool:
        """Tell whether a request is answered: whether it names one that is known, if it must."""
        given = _given(scope)
        return self.knows(given[0]) if len(given) == 1 else is_well_formed(scope)

    def _knows(self, host: str) -> bool:
        """Tell whether a Host header, with or without a port, is answered."""
        if self._any:
            return _FIELD.fullmatch(host) is not None
        found = _HOST.fullmatch(host.strip().lower())
        if found is None:
            return False
        name = found[1].strip("[]").rstrip(".")
        is_one_word = bool(name) and "." not in name and ":" not in name
        return is_one_word or name in self._names or _is_local(name) or _is_address(name)


def is_well_formed(scope: Scope) -> bool:
    """Tell whether a request has the one Host header that it must have; HTTP/1.0 may have none."""
    given = _given(scope)
    if not given:
        return scope.get("http_version") == "1.0"
    return len(given) == 1 and _FIELD.fullmatch(given[0]) is not None


def _given(scope: Scope) -> list[str]:
    headers = scope.get("headers", ())
    return [value.decode("latin-1") for name, value in headers if name == b"host"]


def _is_local(name: str) -> bool:
    """Names that always mean this machine (RFC 6761 6.3)."""
    return name.endswith(".localhost")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

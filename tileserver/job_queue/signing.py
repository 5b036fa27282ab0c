# SPDX-License-Identifier: Apache-2.0
"""How webhooks are signed, and the key that the file of a rule holds.

References
----------
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (what is
signed; secrets are base64 after ``whsec_``)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from tileserver.errors import ConfigurationError

_PREFIX = b"whsec_"


def signing_key(secret: bytes) -> bytes:
    """Return the key of a file: what ``whsec_`` and base64 stand for, else its bytes as they are.

    Blanks and line ends around are no part of it.

    Raises
    ------
    ConfigurationError
        It is empty, or no base64 follows the prefix.
    """
    text = secret.strip()
    if not text:
        raise ConfigurationError("it is empty, expected a secret")
    if not text.startswith(_PREFIX):
        return text
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ConfigurationError(f"no base64 follows whsec_ ({error})") from error
    if not key:
        raise ConfigurationError("nothing follows whsec_, expected a key in base64")
    return key


def signature(key: bytes, identity: str, moment: int, body: bytes) -> str:
    """Return the signature of a message: HMAC-SHA256 of its number, its moment and its body."""
    signed = b".".join((identity.encode(), str(moment).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()

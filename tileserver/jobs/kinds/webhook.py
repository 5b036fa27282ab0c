# SPDX-License-Identifier: Apache-2.0
"""A message to an address of a rule, signed; tried again until it is taken.

References
----------
https://www.standardwebhooks.com (headers, and what is signed)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tileserver.jobs.kind import Kind, not_now, refused

if TYPE_CHECKING:
    from tileserver.job_queue.model import Parameters
    from tileserver.jobs.kind import Result
    from tileserver.jobs.parameters import Surroundings
    from tileserver.jobs.task import Task

_SECONDS = 30
_LONGEST_ANSWER = 1 << 16
_GONE = 410


def _check(parameters: Parameters, _: Surroundings) -> Parameters:
    return parameters


def signature(secret: bytes, identity: str, moment: int, body: bytes) -> str:
    """Return the signature of a message: HMAC-SHA256 of its number, its moment and its body."""
    signed = b".".join((identity.encode(), str(moment).encode(), body))
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def _run(task: Task) -> Result:
    url = urlsplit(str(task.parameters["url"]))
    secret = Path(str(task.parameters["secret_file"])).read_bytes().strip()
    body = json.dumps(task.parameters["event"]).encode()
    identity, moment = f"job-{task.id}", int(time.time())
    headers = {
        "Content-Type": "application/json",
        "Webhook-Id": identity,
        "Webhook-Timestamp": str(moment),
        "Webhook-Signature": signature(secret, identity, moment, body),
    }
    host = url.hostname or ""
    connection = (
        http.client.HTTPSConnection(
            host, url.port, timeout=_SECONDS, context=ssl.create_default_context()
        )
        if url.scheme == "https"
        else http.client.HTTPConnection(host, url.port, timeout=_SECONDS)
    )
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read(_LONGEST_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        raise not_now(f"{url.netloc} was not reached: {error}") from error
    finally:
        connection.close()
    if answer.status == _GONE:
        raise refused(f"{url.netloc} answered 410: it wants no more of these")
    if not 200 <= answer.status < 300:
        raise not_now(f"{url.netloc} answered {answer.status}, expected 2xx")
    return {"status": answer.status}


KIND = Kind("webhook", "tell an address of a rule", _check, _run, 4, attempts=10, is_internal=True)

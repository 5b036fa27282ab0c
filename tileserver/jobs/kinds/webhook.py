# SPDX-License-Identifier: Apache-2.0
"""A message to an address of a rule, signed; tried again until it is taken.

References
----------
https://www.standardwebhooks.com (headers, and what is signed)
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tileserver.errors import ConfigurationError
from tileserver.job_queue.signing import signature, signing_key
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


def _key(path: Path) -> bytes:
    try:
        return signing_key(path.read_bytes())
    except ConfigurationError as error:  # as it was changed since the server has read its rules
        raise refused(f"secret_file: {error}") from error


def _run(task: Task) -> Result:
    url = urlsplit(str(task.parameters["url"]))
    key = _key(Path(str(task.parameters["secret_file"])))
    body = json.dumps(task.parameters["event"]).encode()
    identity, moment = f"job-{task.id}", int(time.time())
    headers = {
        "Content-Type": "application/json",
        "Webhook-Id": identity,
        "Webhook-Timestamp": str(moment),
        "Webhook-Signature": signature(key, identity, moment, body),
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

# SPDX-License-Identifier: Apache-2.0
"""A peer for each test, and a place to remember what was sent that is the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from servers import Server, serving

from dicomizer.send import Outcome, SendOptions, open_peer, send
from dicomizer.send.credentials import Credentials
from dicomizer.send.destination import parse_destination
from dicomizer.send.instances import find_instances
from dicomizer.send.retry import Retry

QUICK = Retry(attempts=4, first_seconds=0.01, longest_seconds=0.05)


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    """Give an empty server."""
    with serving(tmp_path / "data") as running:
        yield running


@pytest.fixture
def send_to(tmp_path) -> Callable[..., tuple[Outcome, ...]]:
    """Give a function that sends files to an address."""

    def sending(
        address: str,
        paths: Sequence[Path],
        *,
        credentials: Credentials | None = None,
        ca_file: Path | None = None,
        timeout: float = 10.0,
        **options: Any,
    ) -> tuple[Outcome, ...]:
        instances, _ = find_instances(paths)
        destination = parse_destination(address)
        peer = open_peer(destination, credentials or Credentials(), ca_file, timeout)
        chosen = SendOptions(**({"retry": QUICK} | options))
        return send(instances, peer, tmp_path / "journal", chosen)

    return sending

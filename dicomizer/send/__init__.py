# SPDX-License-Identifier: Apache-2.0
"""Instances to a peer, by STOW-RS or C-STORE, each verified by asking back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.send.destination import WebDestination
from dicomizer.send.sender import Outcome, Sender, SendOptions, SendProgress, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dicomizer.send.credentials import Credentials
    from dicomizer.send.destination import Destination
    from dicomizer.send.instances import Instance
    from dicomizer.send.peer import Peer

__all__ = ["Outcome", "SendOptions", "SendProgress", "Sender", "State", "open_peer", "send"]


def open_peer(
    destination: Destination, credentials: Credentials, ca_file: Path | None, timeout: float
) -> Peer:
    """Return the peer at a destination; nothing is sent yet.

    Parameters
    ----------
    ca_file
        PEM certificates to trust, instead of those of the system.
    timeout
        Seconds that the peer may be silent.

    Raises
    ------
    NetworkError
        The certificates cannot be read, or credentials would go out in the clear.
    """
    from dicomizer.send.credentials import tls_context

    if isinstance(destination, WebDestination):
        from dicomizer.send.http import HttpClient
        from dicomizer.send.stow import WebPeer

        return WebPeer(HttpClient(destination, credentials, tls_context(ca_file), timeout))
    from dicomizer.send.cstore import EntityPeer

    tls = tls_context(ca_file) if destination.is_encrypted else None
    return EntityPeer(destination, timeout, tls)


def send(
    instances: Sequence[Instance],
    peer: Peer,
    journal_path: Path | None,
    options: SendOptions | None = None,
    report: Callable[[SendProgress], None] = lambda _: None,
) -> tuple[Outcome, ...]:
    """Send instances to a peer and return what became of each, in their order.

    Parameters
    ----------
    journal_path
        Where what was sent is remembered; ``None`` to remember nothing.
    report
        Called as bytes go out.

    Raises
    ------
    NetworkError
        The peer cannot be reached or refuses to talk, before anything was sent.
    TargetError
        What was sent cannot be remembered.
    """
    from dicomizer.send.journal import Journal

    try:
        return Sender(peer, Journal(journal_path), options or SendOptions(), report).send(instances)
    finally:
        peer.close()

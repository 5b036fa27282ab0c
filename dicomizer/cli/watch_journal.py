# SPDX-License-Identifier: Apache-2.0
"""Which journal is that of a watch folder, for the verbs that read or write it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import click

from dicomizer.cli.options import GIVEN_PATH

journal_option = click.option(
    "--journal",
    type=GIVEN_PATH,
    metavar="FILE",
    help="What became of each slide, on a disk of this machine. Default: a file for each inbox in "
    "~/.local/state/coverslip/watch.",
)


def default_journal(inbox: Path) -> Path:
    """Return where the journal of an inbox is, unless it is told."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    name = hashlib.sha256(str(inbox.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return Path(state).expanduser() / "coverslip" / "watch" / f"{name}.sqlite"


def known_journal(inbox: Path, journal: Path | None) -> Path:
    """Return the journal of a watch folder in which a service has worked.

    Raises
    ------
    TargetError
        There is none.
    """
    from dicomizer.errors import TargetError

    path = journal or default_journal(inbox)
    if not path.exists():
        raise TargetError(
            "no service has worked here yet: there is no journal",
            file=path,
            remedy="start dicomizer watch, or name its --journal",
        )
    return path

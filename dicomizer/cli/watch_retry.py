# SPDX-License-Identifier: Apache-2.0
"""``dicomizer watch retry``: slides that failed or wait, tried again now."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING

import click

from dicomizer.cli.options import GIVEN_PATH, counted, json_option, say
from dicomizer.cli.watch_journal import journal_option, known_journal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dicomizer.watch.again import Asked

_WHEN = {
    True: "now",
    False: "when the service is started",
    None: "by the service, as soon as it runs",
}


@click.command()
@click.argument("inbox", type=GIVEN_PATH)
@click.argument("slides", nargs=-1, metavar="[SLIDE]...")
@journal_option
@json_option
@click.pass_context
def retry(
    context: click.Context,
    inbox: Path,
    slides: tuple[str, ...],
    journal: Path | None,
    *,
    as_json: bool,
) -> None:
    """Try slides of the watch folder INBOX again that failed or wait, whatever the cause was.

    Each SLIDE is named as dicomizer watch status does, by its file's name, or by the beginning of
    its SHA-256; without one, all are tried. The service may run or not: it moves what lies in
    INBOX/failed back to where it came, and begins; what lies in INBOX/unmatched is looked up from
    there. Exits with 3 where some cannot be tried, and 1 where none can.
    """
    from dicomizer.watch.again import is_served, try_again
    from dicomizer.watch.journal import Journal

    served = is_served(inbox)
    with contextlib.closing(Journal(known_journal(inbox, journal))) as found:
        asked = try_again(found, inbox, slides)
    if served:
        with contextlib.suppress(OSError):
            os.utime(inbox)  # it is told of the change, and looks at its journal
    if as_json:
        click.echo(json.dumps(_document(asked, is_served=served), indent=2))
    else:
        _show(inbox, asked, _WHEN[served])
    bad = sum(item.problem is not None for item in asked)
    context.exit(0 if not bad else 1 if bad == len(asked) else 3)


def _show(inbox: Path, asked: Sequence[Asked], when: str) -> None:
    tried = sum(item.problem is None for item in asked)
    verb = "is" if tried == 1 else "are"
    told = f"{counted(tried, 'slide')} {verb} tried again {when}"
    say(f"{inbox}: {told if asked else 'no slide has failed or waits'}")
    for item in asked:
        problem = f": not tried, {item.problem}" if item.problem else ""
        say(f"  {item.record.state:<9} {item.record.name}{problem}")


def _document(asked: Sequence[Asked], *, is_served: bool | None) -> dict[str, object]:
    return {
        "served": is_served,
        "slides": [
            {
                "slide": item.record.name,
                "path": item.record.path,
                "sha256": item.record.content,
                "was": str(item.record.state),
                "tried": item.problem is None,
                "problem": item.problem,
            }
            for item in asked
        ],
    }

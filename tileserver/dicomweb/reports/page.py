# SPDX-License-Identifier: Apache-2.0
"""A report as a page of HTML without scripts, styles or links: nothing of it is loaded or run.

Every text comes from outside, and goes in escaped, as content of elements only.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from tileserver.dicomweb.reports.plain_text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tileserver.dicomweb.reports.content import Entry, Report


def page(report: Report) -> str:
    """Return a report as an HTML document."""
    return "".join(_pieces(report))


def _pieces(report: Report) -> Iterator[str]:
    title = _text(report.title)
    yield '<!DOCTYPE html>\n<html><head><meta charset="utf-8">'
    yield f"<title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<dl>\n"
    for name, value in report.facts:
        yield f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>\n"
    yield "</dl>\n"
    yield from _list(report.entries)
    yield "</body></html>\n"


def _list(entries: tuple[Entry, ...]) -> Iterator[str]:
    if not entries:
        return
    yield "<ul>\n"
    for entry in entries:
        yield "<li>"
        if entry.name:
            yield f"<b>{_text(entry.name)}</b>"
        if entry.value:
            yield f"{': ' * bool(entry.name)}{_text(entry.value)}"
        yield from _list(entry.entries)
        yield "</li>\n"
    yield "</ul>\n"


def _text(text: str) -> str:
    return escape(printable(text)).replace("\n", "<br>")

# SPDX-License-Identifier: Apache-2.0
"""A report as plain text, each level of its content set in by two blanks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tileserver.dicomweb.reports.content import Entry, Report


def plain_text(report: Report) -> str:
    """Return a report as lines."""
    facts = (f"{printable(name)}: {printable(value)}" for name, value in report.facts)
    lines = [printable(report.title), "", *facts, "", *_lines(report.entries, "")]
    return "\n".join(lines) + "\n"


def _lines(entries: tuple[Entry, ...], margin: str) -> Iterator[str]:
    for entry in entries:
        text = ": ".join(filter(None, (printable(entry.name), printable(entry.value)))) or "-"
        yield margin + text.replace("\n", f"\n{margin}  ")
        yield from _lines(entry.entries, margin + "  ")


def printable(text: str) -> str:
    """Return a text with line feeds between its lines, and no other control characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(c for c in line if c.isprintable() or c == "\t") for line in lines)

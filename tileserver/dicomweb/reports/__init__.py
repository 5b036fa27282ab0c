# SPDX-License-Identifier: Apache-2.0
"""Structured reports for people: the content tree out of DICOM JSON, as a page or as plain text.

attributes ─ content ─► Report ─ page │ plain_text ─► text
"""

from tileserver.dicomweb.reports.content import Entry, Report, read_report
from tileserver.dicomweb.reports.page import page
from tileserver.dicomweb.reports.plain_text import plain_text

__all__ = ["Entry", "Report", "page", "plain_text", "read_report"]

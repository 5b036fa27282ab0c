# SPDX-License-Identifier: Apache-2.0
"""The log has a line for each request, however many are told at once."""

from __future__ import annotations

import logging
import re

import pytest

from tileserver.cli.logs import LogFormatter
from tileserver.request_log import Answered, Lines, log_requests

FRAME = Answered({"method": "GET", "path": "/a/frames/1"}, 200, 1234, 0.00149)
OTHER = Answered({"method": "DELETE", "path": "/b\r\n\x1b[0m\u00fc\\"}, 404, 0, 2.0)
LINES = (
    "method=GET path=/a/frames/1 status=200 bytes=1234 ms=1.5",
    r"method=DELETE path=/b\r\n\x1b[0m\xfc\\ status=404 bytes=0 ms=2000.0",
)


def test_each_line_has_its_time(caplog):
    with caplog.at_level(logging.INFO, "tileserver.request_log"):
        log_requests([FRAME, OTHER])

    beginning = re.compile(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO tileserver\.request_log (?=method)"
    )
    lines = LogFormatter().format(caplog.records[0]).split("\n")
    assert [beginning.sub("", line) for line in lines] == list(LINES)
    assert all(beginning.match(line) for line in lines)


def test_other_handlers_get_a_text(caplog):
    with caplog.at_level(logging.INFO, "tileserver.request_log"):
        log_requests([FRAME, OTHER])

    assert caplog.messages == ["\n".join(LINES)]
    assert isinstance(caplog.records[0].msg, Lines)


def test_nothing_is_made_where_nobody_looks(monkeypatch):
    monkeypatch.setattr("tileserver.request_log._line", lambda _: pytest.fail("was made"))

    logging.getLogger("tileserver.request_log").setLevel(logging.WARNING)
    try:
        log_requests([FRAME])
    finally:
        logging.getLogger("tileserver.request_log").setLevel(logging.NOTSET)

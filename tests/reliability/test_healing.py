# SPDX-License-Identifier: Apache-2.0
"""A damaged file is made whole: faults at every call leave the damaged one, or the whole."""

from __future__ import annotations

import errno
import os
import shutil

import pytest
from reliability.acting import CLOSE, DISARM, OPEN, Acting, arm, points
from reliability.ledger import Found, Ledger, Name, check, file_of
from reliability.report import tell

STRIDE = int(os.environ.get("COVERSLIP_KILL_STRIDE", "4"))
NAME = Name(1, 1)
WHOLE = file_of(NAME)
DAMAGED = WHOLE[:-1] + bytes([WHOLE[-1] ^ 1])


@pytest.mark.parametrize(
    "fault",
    [{}, {"error": errno.EIO}, {"error": errno.EIO, "times": 0}, {"error": errno.ENOSPC}],
    ids=["killed", "broken once", "broken for ever", "full"],
)
def test_a_fault_at_any_call_loses_neither(actor: Acting, fault, capsys):
    base, send = actor.folder / "base", actor.store(NAME)
    shutil.rmtree(base, ignore_errors=True)
    actor.act(base, OPEN, send, CLOSE)
    (blob,) = (base / "blobs").glob("??/*.dcm")
    blob.write_bytes(DAMAGED)
    counted = actor.act(actor.copy_of(base, "data"), OPEN, arm(0), send, DISARM)
    assert counted.results[2] == [NAME.uids[2]]
    ledger, found = Ledger(), Found()
    ledger.must(NAME, WHOLE)

    for point in points(counted.results[3], STRIDE):
        data = actor.copy_of(base, "data")
        acted = actor.act(data, OPEN, arm(point, **fault), send, DISARM)
        left = (data / blob.relative_to(base)).read_bytes()
        assert left in (DAMAGED, WHOLE)
        assert left == WHOLE or acted.results[2:3] != [[NAME.uids[2]]]
        again = actor.act(data, OPEN, send, CLOSE)
        assert again.results[1] == [NAME.uids[2]]
        found.add(check(data, ledger))

    assert found == Found()
    tell(capsys, found, f"{fault} at {counted.results[3]} calls of healing")

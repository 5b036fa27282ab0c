# SPDX-License-Identifier: Apache-2.0
"""The kinds of jobs, a module each."""

from tileserver.jobs.kinds import (
    call,
    convert,
    delete,
    export,
    recycle,
    send,
    transcode,
    verify,
    webhook,
)

ALL = (
    convert.KIND,
    verify.KIND,
    export.KIND,
    send.KIND,
    transcode.KIND,
    delete.KIND,
    recycle.KIND,
    webhook.KIND,
    call.KIND,
)

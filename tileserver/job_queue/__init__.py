# SPDX-License-Identifier: Apache-2.0
"""The queue of jobs: what is to be done, durable before anybody is told, and ended exactly once.

It knows neither what jobs do nor how they are carried out: `tileserver.jobs` does. Features that
want something done, such as uploads and rules, put a job here.
"""

from tileserver.job_queue.model import FINAL, Asked, Job, Leased, Progress, State
from tileserver.job_queue.places import (
    JOBS_FILE,
    RESULT_TYPES,
    made_file,
    result_file,
    upload_folder,
    work_folder,
)
from tileserver.job_queue.queue import JobQueue

__all__ = [
    "FINAL",
    "JOBS_FILE",
    "RESULT_TYPES",
    "Asked",
    "Job",
    "JobQueue",
    "Leased",
    "Progress",
    "State",
    "made_file",
    "result_file",
    "upload_folder",
    "work_folder",
]

# SPDX-License-Identifier: Apache-2.0
"""Jobs: what takes longer than a request, carried out by processes of their own.

``runner`` takes jobs from `tileserver.job_queue` and starts a process for each; in it ``worker``
does what the kind of the job says, by the services that routes use too. The routes are at
``/api/jobs``.
"""

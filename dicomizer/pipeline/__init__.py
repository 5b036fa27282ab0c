# SPDX-License-Identifier: Apache-2.0
"""Carries out a plan: frames from a source, through writers, into a target."""

from dicomizer.pipeline.runner import Outcome, Progress, WrittenInstance, default_threads, run

__all__ = ["Outcome", "Progress", "WrittenInstance", "default_threads", "run"]

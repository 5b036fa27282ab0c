# SPDX-License-Identifier: Apache-2.0
"""Compares a slide with what was converted from it: pixels, and what is told of them."""

from dicomizer.verify.report import Difference, ImageReport, Verdict, Verification
from dicomizer.verify.run import VerifyOptions, verify

__all__ = ["Difference", "ImageReport", "Verdict", "Verification", "VerifyOptions", "verify"]

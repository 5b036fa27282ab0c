# SPDX-License-Identifier: Apache-2.0
"""Broken slides of every format, a few in the tests and many by ``make mutants``."""

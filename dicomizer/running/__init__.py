# SPDX-License-Identifier: Apache-2.0
"""Verbs of the program in child processes, as many at once as cores and memory allow."""

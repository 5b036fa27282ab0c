# SPDX-License-Identifier: Apache-2.0
"""Readers of slide files, one folder per format; `registry.open_source` picks."""

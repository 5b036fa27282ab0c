# SPDX-License-Identifier: Apache-2.0
"""Small slides of every format: a module for each reader, with CASES by name."""

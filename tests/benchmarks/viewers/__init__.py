# SPDX-License-Identifier: Apache-2.0
"""What bench_viewer.py measures viewers with: pages, a walk over the slide, and what was seen."""

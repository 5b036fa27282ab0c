# SPDX-License-Identifier: Apache-2.0
"""Places to write a converted slide to."""

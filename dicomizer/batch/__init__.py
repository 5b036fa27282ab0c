# SPDX-License-Identifier: Apache-2.0
"""Many slides in one go: found, converted in processes of their own, and written down."""

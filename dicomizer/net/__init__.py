# SPDX-License-Identifier: Apache-2.0
"""What crosses a network: multipart bodies."""

# SPDX-License-Identifier: Apache-2.0
"""A folder into which slides come: each converted once, when it is whole, whatever happens."""

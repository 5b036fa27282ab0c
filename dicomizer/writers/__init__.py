# SPDX-License-Identifier: Apache-2.0
"""Write instances: `header` makes the dataset before the pixels, `instance` the whole file."""

# SPDX-License-Identifier: Apache-2.0
"""``python -m dicomizer``."""

from dicomizer.cli import main

main()

# SPDX-License-Identifier: Apache-2.0
"""``python -m dicomizer.cli``."""

from dicomizer.cli.program import main

main()

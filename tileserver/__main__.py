# SPDX-License-Identifier: Apache-2.0
"""``python -m tileserver``."""

from tileserver.cli import main

main()

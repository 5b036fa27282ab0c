# SPDX-License-Identifier: Apache-2.0
"""Rules: what is to be done when something happens, as a TOML file says.

A rule asks for a job, whatever it does, so that what it does is retried, listed and logged like
all jobs, with the rule as its cause.
"""

from tileserver.rules.engine import Rules
from tileserver.rules.model import Rule, When
from tileserver.rules.reading import read_rules

__all__ = ["Rule", "Rules", "When", "read_rules"]

# SPDX-License-Identifier: Apache-2.0
"""What the README says of rules is taken by the server."""

from __future__ import annotations

import re

from tileserver.jobs.kind import kinds
from tileserver.rules import read_rules


def test_the_rules_of_the_readme_make_sense(request, tmp_path):
    text = (request.config.rootpath / "README.md").read_text("utf-8")
    section = text.split("### Rules\n")[1].split("\n### ", maxsplit=1)[0]
    (block,) = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)
    path = tmp_path / "rules.toml"
    path.write_text(block)
    (tmp_path / "lis.secret").write_text("secret")

    rules = read_rules(path, lambda kind, parameters: None, kinds())

    names = ["to the archive", "room at night", "less room", "tell the LIS"]
    assert [rule.name for rule in rules] == names

# SPDX-License-Identifier: Apache-2.0
"""``tileserver rules``: whether rules make sense, and what they would have done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from tileserver.cli.options import settings_options

if TYPE_CHECKING:
    from tileserver.configuration import Loaded
    from tileserver.rules import Rule
    from tileserver.rules.model import Action, Happened


@click.group()
def rules() -> None:
    """Check rules, and try them on what is stored."""


@rules.command(name="try")
@settings_options("data", "rules", "peers", "quota_bytes")
@click.option("--rule", "name", metavar="NAME", help="Only this rule.")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="Most firings of each rule to show.",
)
def try_rules(loaded: Loaded, name: str | None, limit: int) -> None:
    """Show what rules would have done about what is stored; nothing is done.

    Prints a line for each time that a rule would have been set off: the rule, by what, and the job
    that it would have asked for. A server on the same data folder may be running. A mistake in the
    rules is told with its place, and exit code 1.
    """
    from tileserver.app import rules_of

    data = loaded.settings.data
    if not data.is_dir():
        raise click.UsageError(f"{data}: there is no archive to try them on; check --data")
    with rules_of(loaded.settings) as (found, engine):
        wanted = [rule for rule in found if name in (None, rule.name)]
        if not wanted:
            raise click.UsageError(f"there is no rule {name!r}" if name else "there are no rules")
        for rule in wanted:
            count = 0
            for happened in engine.would_fire(rule, limit):
                count += 1
                _show(rule, happened)
            more = ", and maybe more" if count == limit else ""
            click.echo(f"{rule.name}: {count} time{'s' * (count != 1)}{more}")


def _show(rule: Rule, happened: Happened) -> None:
    about = happened.instance or happened.series or happened.study or happened.id
    if happened.job is not None:
        about = f"{happened.job['kind']} {happened.id}"
    for action in rule.actions:
        click.echo(f"{rule.name}: {rule.when} {about} → {_told(action, happened)}")


def _told(action: Action, happened: Happened) -> str:
    if action.kind == "webhook":
        return f"webhook {action.parameters['url']}"
    if action.kind == "call":
        return f"call {action.parameters['function']}"
    parameters = {**happened.below(action.level), **action.parameters}
    return f"job {action.kind} {json.dumps(parameters)}"

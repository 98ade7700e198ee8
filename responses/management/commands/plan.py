"""``./manage plan CASE.json``: what would be posted, from a case alone.

Thin: ``responses.plan_case`` does the work. Touches no database.
"""

from __future__ import annotations

from billing.case_file import CaseCommand
from responses.plan_case import plan_file
from responses.plan_words import in_words


class Command(CaseCommand):
    """Exit status 0: all would post; 1: something stops or cannot be read; 2: malformed or unreadable."""

    help = "Says what would be posted for one case, or a list of them, from the rules in the file alone."
    name = "plan"
    take = staticmethod(plan_file)
    in_words = staticmethod(in_words)

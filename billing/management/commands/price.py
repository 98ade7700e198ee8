"""``./manage price CASE.json``: price one visit, or a list of them, from a file alone.

Thin: ``billing.price_case`` does the work. Touches no database.
"""

from __future__ import annotations

from billing.case_file import CaseCommand
from billing.price_case import in_words, price_file


class Command(CaseCommand):
    """Exit status 0: all billable; 1: some case is not, or has a finding; 2: malformed or unreadable."""

    help = "Prices one visit, or a list of visits, from the rules given in the file alone."
    name = "price"
    take = staticmethod(price_file)
    in_words = staticmethod(in_words)

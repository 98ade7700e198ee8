"""Seeded clinic days under faults, and an auditor with sums of its own: what ``./manage simulate`` runs.

Before it: stack/ has started a throw-away database. ``life.py`` lives the days by the same functions as the pages
and workers, ``deaths.py`` kills processes in the middle of that work, ``partner.py`` is a clearinghouse that loses,
repeats, delays, reorders and half-writes its answers, ``auditor.py`` knows what was charged, handed over and paid
from its own notes and from the bytes, and compares. Rules: docs/simulation.md.
"""

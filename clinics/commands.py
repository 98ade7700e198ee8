"""What all management commands of the contract share: bad arguments end with one line, no usage in front of it."""

from __future__ import annotations

from argparse import SUPPRESS
from typing import Any

from django.core.management.base import BaseCommand, CommandParser


class QuietCommand(BaseCommand):
    """A command for people and scripts; exit status 2 and one line on stderr where it cannot run."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """The parser without its usage lines."""
        return super().create_parser(prog_name, subcommand, usage=SUPPRESS, **kwargs)

"""`python -m stack up|check|manage|roles`: called by the scripts at the top of the project."""

from __future__ import annotations

import sys


def main() -> int:
    """Run one of the four; the exit status is the command's own."""
    name, arguments = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    if name == "manage":
        from stack.command import manage

        return manage(arguments)
    if name == "up":
        from stack.up import up

        return up(arguments)
    if name == "check":
        from stack.checking import check

        return check(arguments)
    if name == "roles":
        from stack.roles import prepare_from_environment

        return prepare_from_environment()
    print("usage: ./start, ./check or ./manage", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())

"""./manage: one management command in the product's environment, which is left as it was found.

Joins a running ./start, or runs PostgreSQL and Valkey for the command's own duration. stdout belongs to the
command, the exit status is its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from stack.children import note
from stack.environment import as_owner, complete, manage_command, pure_variables, save, variables
from stack.holding import Guest, Holding, borrowed_environment, wait_for_guests
from stack.places import Place, StackError, chosen_place
from stack.postgres import Postgres
from stack.roles import OWNER, WORKER, prepare
from stack.valkey import Valkey

NO_DATABASE = ("x12", "price", "plan", "sandbox")  # pure commands: no server is started for them
THROWAWAY = ("simulate", "bench")  # gets servers of its own and leaves nothing behind
NO_SETUP = ("help", "--help", "-h", "--version", "version", "")
OWNERS = ("migrate", "makemigrations", "sqlmigrate", "squashmigrations", "optimizemigration")


def manage(arguments: list[str]) -> int:
    """Run it; 2 with one line if the servers cannot be had."""
    name = arguments[0] if arguments else ""
    try:
        place = chosen_place()
        if name in NO_DATABASE + NO_SETUP:
            _become(pure_variables(place), arguments)
        if name in THROWAWAY:
            return run_on_throwaway(arguments)
        if os.environ.get("DB_HOST"):  # containers and tests bring their own servers
            _become(_for(name, dict(os.environ)), arguments)
        place.make()
        with Guest(place):
            holding = Holding(place, "manage")
            environment = borrowed_environment(place, holding)
            if environment is not None:
                _become(_for(name, environment), arguments)
        return run_with_own_servers(place, holding, arguments)
    except StackError as error:
        print(error, file=sys.stderr)
        return 2


def run_on_throwaway(arguments: list[str]) -> int:
    """Run it on fresh servers with a migrated database; everything is gone afterwards."""
    from stack.throwaway import servers  # it builds on this module

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers stop
    with servers() as environment:
        flags = {"CLEANCLAIM_THROWAWAY": "1"}
        child = subprocess.run(manage_command(*arguments), env=complete({**environment, **flags}))
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def run_with_own_servers(place: Place, holding: Holding, arguments: list[str]) -> int:
    """Start the servers, run the command, wait for guests, stop the servers."""
    postgres, valkey = Postgres(place), Valkey(place)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` stops the servers
    guests = None
    try:
        prepare_servers(place, postgres, valkey)
        environment = variables(postgres, valkey)
        name = arguments[0]
        if _is_empty(postgres, environment) and name not in OWNERS:
            note("a new database: making its tables")
            migration = manage_command("migrate", "-v0")
            if subprocess.run(migration, env=complete(as_owner(environment)), stdout=sys.stderr).returncode:
                raise StackError("the tables could not be made, see above")
        save(place, environment)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command; we see it end
        child = subprocess.Popen(
            manage_command(*arguments),
            env=complete(_for(name, environment)),
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        try:
            status = child.wait()
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()
        guests = wait_for_guests(place)
        return status if status >= 0 else 128 - status
    finally:
        valkey.stop()
        postgres.stop()
        holding.release()
        if guests is not None:
            guests.close()


def prepare_servers(place: Place, postgres: Postgres, valkey: Valkey) -> None:
    """PostgreSQL, Valkey, roles and database: what every way of running needs first."""
    if postgres.init():
        note("made a new PostgreSQL 18 cluster")
    postgres.start()
    valkey.start()
    prepare(postgres.connect, "cleanclaim", place.secret(OWNER), place.secret(WORKER))


def _is_empty(postgres: Postgres, environment: dict[str, str]) -> bool:
    connection = postgres.connect(environment["DB_NAME"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.django_migrations') IS NULL")
        is_empty = bool(cursor.fetchone()[0])
    connection.close()
    return is_empty


def _for(name: str, environment: dict[str, str]) -> dict[str, str]:
    is_owners = name in OWNERS and "DB_OWNER_PASSWORD" in environment
    return as_owner(environment) if is_owners else environment


def _become(environment: dict[str, str], arguments: list[str]) -> None:
    command = manage_command(*arguments)
    os.execve(command[0], command, complete(environment))

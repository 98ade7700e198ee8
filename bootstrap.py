"""Make `.venv` from the pinned requirements, then hand over to `stack/`. Standard library only.

`./start`, `./check` and `./manage` stand before it and need nothing but python3.11 with pip. A stamp with
the lock file's hash makes later runs skip everything. All notes go to stderr: stdout belongs to the command.
"""

from __future__ import annotations

import ctypes.util
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PANGO = ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")
PANGO_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core")
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def note(message: str) -> None:
    """One line for the person at the keyboard."""
    print(message, file=sys.stderr, flush=True)


def ensure(which: str) -> str:
    """The venv's python with `requirements/<which>.txt` (base or dev) installed; makes what is missing."""
    if sys.version_info < (3, 11):  # noqa: UP036  (this very line tells people so)
        sys.exit("Python 3.11 or newer is needed")
    if not sys.platform.startswith(("linux", "darwin")):
        sys.exit("Linux or macOS is needed")
    if is_current(which):
        return str(python())
    with open_lock():  # two first runs at the same time: the second waits and finds all done
        if not is_current(which):
            install(which)
    return str(python())


def python() -> Path:
    """The interpreter inside the venv."""
    return VENV / "bin" / "python"


def wanted(which: str) -> str:
    """What the stamp must say: the hash of the lock file."""
    return hashlib.sha256((ROOT / "requirements" / f"{which}.txt").read_bytes()).hexdigest()


def is_current(which: str) -> bool:
    """True if the venv holds this lock file's packages (dev holds base, too)."""
    names = (which, "dev") if which == "base" else (which,)
    stamps = [(VENV / f".{name}", f"{wanted('base')}\n{wanted(name)}") for name in names]
    return python().exists() and any(path.exists() and path.read_text() == text for path, text in stamps)


def open_lock() -> IO[str]:
    """A lock that lasts until the file is closed; a folder can be locked without writing to it."""
    handle = os.fdopen(os.open(ROOT / "requirements" / "base.txt", os.O_RDONLY))
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def install(which: str) -> None:
    """Fill the venv by uv, or by pip alone where uv cannot be had (or NO_UV is set)."""
    started = time.monotonic()
    note(f"setting up {VENV.name} ({which}) ...")
    lock = ROOT / "requirements" / f"{which}.txt"
    if not os.access(ROOT, os.W_OK):
        sys.exit(f"cannot write to {ROOT}: run once as its owner, or clone it for yourself")
    if not python().exists():
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], stdout=sys.stderr)
        if made.returncode:
            sys.exit("python3 -m venv failed: on Debian and Ubuntu, apt-get install python3-venv")
    pip = [str(python()), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "-q", "--link-mode=copy", "--compile-bytecode"]
    uv += ["--python", str(python()), "--require-hashes"]
    uv += ["--system-certs"] if SYSTEM_CERTIFICATES.exists() else []  # a company's own authority may be there
    tries = [[*pip, "-r", str(lock)]]
    if not os.environ.get("NO_UV"):
        got = subprocess.run([*pip, "-r", str(ROOT / "requirements" / "uv.txt")], stdout=sys.stderr)
        if got.returncode == 0:
            tries.insert(0, [*uv, "-r", str(lock)])
    if not any(subprocess.run(command, stdout=sys.stderr, cwd=ROOT).returncode == 0 for command in tries):
        sys.exit("the packages could not be installed, see above")
    (VENV / f".{which}").write_text(f"{wanted('base')}\n{wanted(which)}")
    note(f"{VENV.name} ready in {time.monotonic() - started:.1f} s")


def ensure_system(*, browser: bool) -> None:
    """Pango for PDFs, Chromium for browser tests: installed as root on Debian, else named in one line."""
    missing = [] if all(map(ctypes.util.find_library, PANGO)) else [*PANGO_PACKAGES]
    if browser and not any(map(shutil.which, BROWSERS)):
        missing.append("chromium")
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        note(f"installing {' '.join(missing)} ...")
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], stdout=sys.stderr, env=env)
        install_command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
        if subprocess.run(install_command, stdout=sys.stderr, env=env).returncode == 0:
            return
    note(f"missing system packages, install them by: sudo apt-get install -y {' '.join(missing)}")
    if "chromium" in missing:
        sys.exit("the browser tests need Chromium (./check PATH runs a part of the tests without it)")
    note("going on without: everything works but PDFs")


def run(py: str, argv: list[str]) -> NoReturn:
    """Become `python -m stack ...`; the caller's folder stays, relative file names keep their meaning."""
    os.environ["PYTHONPATH"] = str(ROOT)
    os.execv(py, [py, "-P", "-m", "stack", *argv])

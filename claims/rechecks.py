"""The promise to check waiting claims again, for whoever changes what claims are checked by (B5).

After it: claims/tasks.py, which works through them in chunks (claims/queue.py).
"""

from __future__ import annotations

from clinics.scoping import require_clinic_id
from lib.identifiers import new_public_id
from work import outbox

KIND = "claims.recheck"


def ask() -> None:
    """Every waiting claim of the open clinic is scrubbed again soon, once this transaction commits."""
    clinic_id = require_clinic_id()
    outbox.promise(KIND, clinic_id, clinic_id, key=f"{KIND}:{new_public_id()}")

"""What the patients room tells the rooms above it; they register in their AppConfig.ready()."""

from __future__ import annotations

from lib.questions import Announcement
from patients.models import Patient

# A patient was registered: insurance gives every patient a self-pay profile in the same transaction (B11.1).
REGISTERED: Announcement[Patient] = Announcement("patients.registered")

# An import is undone and this patient goes, nothing having been done with it: insurance takes back its own.
WITHDRAWN: Announcement[Patient] = Announcement("patients.withdrawn")

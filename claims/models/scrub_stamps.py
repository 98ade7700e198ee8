"""What a claim's last scrub was about and what came of it: derived, may be emptied at any time without loss."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import TenantModel


class ScrubStamp(TenantModel):
    """A claim without errors, scrubbed and written (claims/scrubbing.py). Counts while ``key`` is found again.

    The texts are those of x12 ClaimText. The database moves ``document_version`` of a claim whenever its document
    changes, so that no stamp outlives the document it is of.
    """

    claim = TenantForeignKey("claims.Claim", models.CASCADE, related_name="+")
    document_version = models.PositiveIntegerField()
    key = models.CharField(max_length=32)  # hash of all that the checks looked at beside the document
    scrubbed_on = models.DateField()  # the clinic's day; what was found counts from it on
    lasting = models.JSONField(default=list)  # findings, as they are stored on a claim
    numbers = ArrayField(models.CharField(max_length=50), default=list)  # authorization and referral it names
    new_visit = models.BooleanField(default=False)
    charge = MoneyField()
    provider_text = models.TextField()
    family_text = models.TextField()
    own_text = models.TextField(blank=True)
    patient_text = models.TextField(blank=True)
    claim_text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "claim"], name="scrub_stamp_once")]

"""Management commands of clinics."""

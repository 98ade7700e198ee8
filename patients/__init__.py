"""Patients and their guarantors: registration and search."""

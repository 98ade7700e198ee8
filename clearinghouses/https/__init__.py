"""Carry files by HTTPS."""

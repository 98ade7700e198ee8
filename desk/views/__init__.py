"""Thin pages of the desk."""

"""Carriers of bytes that know nothing of claims: connections, control numbers, files in and out."""

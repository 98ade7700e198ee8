"""The embedded PostgreSQL, Valkey and processes behind ./start, ./check and ./manage.

Knows nothing of the product but its commands and its environment variables (docs/operating.md); imports none
of its rooms. In production the same variables point at other hosts and this folder is not used.
"""

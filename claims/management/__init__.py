"""Management commands of claims."""

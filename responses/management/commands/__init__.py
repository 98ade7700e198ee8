"""Management commands of the responses room."""

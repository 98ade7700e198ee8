"""One file per command; each parses, calls one function of claims, prints."""

"""What `./manage bench` measures: our code, and for each measure a reference in the same run.

A reference is either the hand-written *limit script* (the same rows by SQL and string work, with no rules) or
the *plain twin* (the same result by the framework's ordinary means, one row after the other).
"""

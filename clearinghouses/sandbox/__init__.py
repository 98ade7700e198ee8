"""The sandbox clearinghouse: a stranger. A separate program that knows only the bytes that arrive.

It is reached over real SFTP, checks files with its own eyes (pyx12 and its own memory of control numbers),
adjudicates from its own contract table and the scenarios of docs/sandbox.md, and answers with TA1, 999, 277CA
and 835. It shares the x12 codec and nothing else: no database, no models, no claims code. Files in the order
of a file's way: server, watching, checking, answering (with adjudicating and paying), then memory.
"""

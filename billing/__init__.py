"""What things cost and who owes: prices, copay, invoices, receipts and the ledger.

Before it stands ``appointments`` (what was done), after it ``claims`` (what is asked of payers).
The pricing engine (``fees``, ``quantity``, ``modifiers``, ``responsibility``, ``pricing``) is pure:
plain functions over dataclasses, no database, no clock. See docs/fees.md.
"""

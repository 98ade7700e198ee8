"""The responses room's part of the books' proof (billing/verification.py runs it)."""

from __future__ import annotations

from billing.verification import register

register(
    "I-10 a remittance is taken once",
    """
    SELECT r.trace_number, count(*) > 1 FROM responses_remittance r
     WHERE r.clinic_id = %(clinic)s
     GROUP BY r.payer_identifier, r.trace_number, r.payee_npi, r.payment_date, r.amount, r.fingerprint
    """,
)
register(
    "I-11 a claim payment has one place in its remittance",
    """
    SELECT r.public_id, count(*) OVER (PARTITION BY r.remittance_id, r.ordinal) > 1
      FROM responses_claimresponse r WHERE r.clinic_id = %(clinic)s
    """,
)
register(
    "I-12 a posted claim response has its journal, and only a posted one",
    """
    SELECT r.public_id,
           r.state IN ('auto_posted', 'posted_manually') AND r.txn_key <> ''
           AND NOT EXISTS (SELECT 1 FROM billing_ledgertxn t WHERE t.clinic_id = r.clinic_id AND t.key = r.txn_key)
      FROM responses_claimresponse r WHERE r.clinic_id = %(clinic)s
    """,
)

"""Demo data: two clinics and a billing company, sixty days of visits made by walking the real code.

Everything goes through the same functions as a person's clicks: registration, booking, check-out,
claims, Bulk Submit, the clearinghouse's answers, posting. Deterministic for a given day: people,
visits and amounts come from a seeded generator (public ids stay random). Invented people only.
"""

"""What payers answer: inbox, matching, plan, posting, reversals, coordination, exceptions, manual entry."""

"""Coverage: payers, plans, policies (cards), insurance profiles with their layers, contracts."""

"""What we ask of payers: build, check, queue, encode, submit, acknowledge, correct; and their adjudications."""

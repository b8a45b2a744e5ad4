"""The case: court, docket, parties, counsel, and the organisations that share it."""

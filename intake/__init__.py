"""Testigo: declarations and evidence of unlawful stops, from the interview to the court paper."""

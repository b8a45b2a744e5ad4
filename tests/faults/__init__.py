"""Faults: what is killed loses nothing that was acknowledged."""

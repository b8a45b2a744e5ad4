"""What analysts get: counts and extracts in which nobody can be recognised."""

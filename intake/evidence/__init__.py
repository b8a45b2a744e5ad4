"""Original files: received, read back, hashed, sealed, and their custody."""

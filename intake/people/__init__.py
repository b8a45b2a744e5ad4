"""Class members and witnesses: pseudonyms, consents, and the vault that seals their identity."""

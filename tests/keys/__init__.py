"""The key services."""

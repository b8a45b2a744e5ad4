"""Behaviours of this part, told as sentences."""

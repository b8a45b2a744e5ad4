"""Behaviours, told as sentences, on real PostgreSQL and a real S3."""

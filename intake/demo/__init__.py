"""The demonstration matter: fictional, generated from a fixed seed, and marked so."""

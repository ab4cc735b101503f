"""Keeping the house: checks, alerts, backups, proofs that nothing was changed."""

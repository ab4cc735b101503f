"""Editions of a period, their files, and what is asked of them and of the series."""

"""The data that our DAGs hand to each other. Assets announce; what is true stands in the warehouse."""

from __future__ import annotations

from airflow.sdk import Asset

# Something lies in the inbox. Only a hint to look at once: whoever delivers a file may post this event.
inbox_hint = Asset("inbox_hint")
# Partition ``unit|period``: this unit's report of the period was accepted, for the first time or as a new version.
accepted_submissions = Asset("accepted_submissions")
# Partition ``period``: its deadline has passed and the missing units are on record.
month_due = Asset("month_due")
# Partition ``period``: an edition of the period's consolidated figures was published.
monthly_release = Asset("monthly_release")

"""The stages joined into the steps of a month: what the command line and the DAGs call.

Every step works on (unit, period) or a batch of them, keeps its state in the warehouse, and may be run again.
"""

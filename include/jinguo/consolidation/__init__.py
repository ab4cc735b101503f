"""Consolidation at each level 逐级汇总: from the accepted reports below to the draft of the report above.

The entry is ``draft.draw_up``; ``parts`` reads what it needs from the warehouse, ``staleness`` says which confirmed
report has been overtaken by the reports below it, ``levels`` compares 逐级 with 超级.
"""

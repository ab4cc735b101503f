"""逐级汇总: a unit's report from those below it, and where the levels do not agree."""

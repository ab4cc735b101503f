"""Marking an .xlsx by changing only the parts that must change; everything else stays byte for byte.

``book.mark_workbook`` is the entry. What a part's structure does not prove to be understood raises ``UnsupportedError``.
"""

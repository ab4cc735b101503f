"""Marking an .xlsx by changing only the parts that must change; everything else stays byte for byte.

``book.mark_workbook`` is the entry. A structure that is not surely understood raises ``UnsupportedError``.
"""

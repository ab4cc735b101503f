"""What goes back to a unit: return workbooks, receipts, reports on request. Derived files, written again at will."""

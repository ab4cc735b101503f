"""What every unit owes for a period: templates out, due days, who has reported, who is late, reminders."""

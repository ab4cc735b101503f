"""The unit register and the staff: changes put on trial and in force, accounts."""

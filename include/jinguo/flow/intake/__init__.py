"""From a channel to a settled submission: received, read, checked, stored, answered."""

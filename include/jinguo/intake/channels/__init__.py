"""Where reports come from besides the inbox. Every channel ends in the same receive path (intake/receiving.py)."""

"""What the pages show, as plain data; no HTML and no HTTP here."""

"""What was done, by whom: triggers on every table, and acts that change no row."""

"""Recordings that others hold and will erase: their clocks, the letters that ask to keep them, what became of them."""

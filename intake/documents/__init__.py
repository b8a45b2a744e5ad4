"""Court papers from plain data: pure functions, no database. The only place that knows Typst and pikepdf."""

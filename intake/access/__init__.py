"""Who may do what: users, sessions, the permission table, row-level security."""

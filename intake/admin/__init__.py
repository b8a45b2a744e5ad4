"""People and roles for administrators; the payload-free log for auditors; counts for analysts."""

"""What leaves the system: found records as CSV, XLSX and JSON, exactly the rows found."""

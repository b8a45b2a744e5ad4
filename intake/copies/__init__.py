"""Working copies for others: stripped of metadata, or with parts burnt out. Made anew; the original stays linked."""

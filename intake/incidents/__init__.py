"""What happened: incidents, each person's account of them, observations and claims."""

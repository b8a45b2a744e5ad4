"""PostgreSQL and S3 on this machine, from wheels: what `make run` and the tests stand on."""

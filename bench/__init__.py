"""The benchmark: every workload beside its limit and its peers, interleaved, in one run. Ratios are the finding."""

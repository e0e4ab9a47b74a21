"""Where a plan runs: one machine now; the same kernels may run elsewhere."""

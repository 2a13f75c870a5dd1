"""The console in the browser: pages over the admin API, and over nothing else."""

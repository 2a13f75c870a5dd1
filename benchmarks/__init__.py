"""What can be measured; run with ``make bench``."""

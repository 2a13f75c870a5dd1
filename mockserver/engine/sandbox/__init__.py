"""Creates, resets, copies and restores sandboxes, with their keys, timers, fault rules, scenarios and clocks."""

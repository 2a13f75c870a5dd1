"""The sub-commands of ``testmode``."""

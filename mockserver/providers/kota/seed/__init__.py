"""The platform a new sandbox begins with."""

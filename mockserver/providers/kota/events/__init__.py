"""What Kota tells of: its types of events, its webhooks, and the calls that read events."""

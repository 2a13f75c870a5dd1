"""Events: types, publishing, webhooks, and the operations that read events."""

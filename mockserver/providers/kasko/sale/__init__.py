"""The sale of insurance: quotes, offers, payments and policies."""

"""Types and functions that all subjects use: field types, ids, enums, kinds, records, addresses, customers."""

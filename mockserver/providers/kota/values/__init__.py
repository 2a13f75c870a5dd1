"""What every subject of Kota's builds on: kinds of values, ids, terms, records, addresses, customers."""

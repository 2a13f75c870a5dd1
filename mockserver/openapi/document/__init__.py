"""Read a document: files, references, schemas, what it says as values."""

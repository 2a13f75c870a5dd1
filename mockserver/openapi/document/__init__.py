"""Read and check an OpenAPI document: files, references, schemas, extensions."""

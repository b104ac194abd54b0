"""Documents that are made from the code, so that they cannot be wrong: schemas, the AsyncAPI document, the settings."""

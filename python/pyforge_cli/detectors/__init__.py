"""Detection of database files under the names of 1.0.9."""

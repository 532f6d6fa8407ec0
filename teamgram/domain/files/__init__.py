"""What a file is: parts that come, documents and photos, references to them, and ranges of their bytes."""

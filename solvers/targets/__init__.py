"""What `reproduce` can draw: one file per paper."""

"""The reader of on-disk course layouts: files in, plain dataclasses out."""

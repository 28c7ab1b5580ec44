"""Secrets of clients as they are kept: by their hashes, each with its end and its last use."""

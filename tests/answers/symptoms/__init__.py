"""What is counted of an application's traffic, and what the rules say of it (Q2)."""

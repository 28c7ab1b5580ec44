"""Access reviews by the API: `models` are what is sent and answered, `answering` what each of the `rows` does (U6)."""

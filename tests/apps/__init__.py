"""Small relying applications, written as anybody would write them: the other side of the provider's journeys."""

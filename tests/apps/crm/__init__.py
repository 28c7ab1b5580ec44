"""A customer database; signs people in with Authlib's Flask client."""

"""The token endpoint's grants: Authlib validates the request, ours decides and issues."""

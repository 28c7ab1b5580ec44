"""Several machines: fail-over of Redis and of PostgreSQL under load, and upgrades that nobody notices (H1, H2)."""

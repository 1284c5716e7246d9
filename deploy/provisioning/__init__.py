"""Topics, users and rights on the broker: the same tables for every deployment."""

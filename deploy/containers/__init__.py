"""A house in containers: an engine where there is none, images, and the compose file played."""

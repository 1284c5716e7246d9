"""The real Kafka and PostgreSQL on one machine, without Docker, Java or root."""

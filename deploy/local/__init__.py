"""Run a whole house on one machine as processes, without Docker: real Kafka, PostgreSQL and services."""

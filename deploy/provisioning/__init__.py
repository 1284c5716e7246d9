"""Provision topics, logins, rights and databases: the same tables for every deployment."""

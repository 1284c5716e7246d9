"""Bring a house up: provisioning for every deployment, local and containerised houses for one machine."""

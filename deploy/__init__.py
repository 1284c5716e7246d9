"""How the house is brought up: provisioning for every deployment, local servers for one machine."""

"""Handle what runs on this machine: processes and containers, private files, certificates and keys."""

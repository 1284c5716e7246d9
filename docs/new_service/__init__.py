"""Make a new service from a template, and take one away again (docs/new-service.md)."""

"""Play one case from referral to destruction, from outside: through connectors, HTTP and the clock."""

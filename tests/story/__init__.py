"""One case from referral to destruction, played from outside: connectors, people and the clock."""

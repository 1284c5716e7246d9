"""Hold the steps of intake's schema, and what one of them is made of."""

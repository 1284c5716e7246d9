"""Documents, and the program that makes those that follow from the code."""

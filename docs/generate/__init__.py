"""Generate the documents that follow from the code, so that none of them can say something else."""

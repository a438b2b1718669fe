"""A checkpoint is a folder; here its files are read, checked and written. Only the weights need torch."""

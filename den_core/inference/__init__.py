"""A loaded network and what serves it: one image, a service, one structure alone, a budget."""

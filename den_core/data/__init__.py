"""Image sets: where they are, how an image becomes an input, how the training data is divided."""

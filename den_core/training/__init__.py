"""Algorithm 1: the estimator and the selector take turns."""

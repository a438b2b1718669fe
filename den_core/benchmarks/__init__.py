"""How fast: inference, training and the search for neighbours, measured with a stopwatch."""

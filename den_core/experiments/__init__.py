"""Studies: many runs, or many settings, and what they show together."""

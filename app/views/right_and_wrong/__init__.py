"""Where is it right and wrong? `undecided.py` says which filters an accuracy has to leave out."""

"""Which model does this image get, and why? One tool is shown at a time; `subject.py` is what all are about."""

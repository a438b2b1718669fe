"""What is alike for the selector? `query.py` is the image to start from."""

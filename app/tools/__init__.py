"""What is no app: screenshots, stopwatch, large synthetic galleries, the picture of Figure 5."""

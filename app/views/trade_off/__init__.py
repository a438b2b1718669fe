"""What does accuracy cost?"""

"""What is loaded?"""

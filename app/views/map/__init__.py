"""Which images lie close together?"""

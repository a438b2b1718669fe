"""Does looking at the image pay?"""

"""Does it spend more on hard images?"""

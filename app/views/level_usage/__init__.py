"""How are levels used?"""

"""Which models are chosen?"""

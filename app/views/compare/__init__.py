"""Where do two checkpoints differ?"""

"""Panels about the network as a whole.

Trade-off:  cost_dial.py  operating_points.py  dial_inside.py  instance_gain.py
Looking:    looking_verdict.py  looking_curves.py  looking_trainings.py  looking_choice.py  looking_images.py
Compare:    two_checkpoints.py  comparison_overview.py  comparison_charts.py  compared_images.py  structure_pairs.py
"""

"""Panels about whole test sets.

Level usage:      usage_maps.py  usage_cells.py  usage_difference.py
Chosen models:    structure_ranking.py  structure_coverage.py  structure_table.py  structure_images.py
                  structure_cards.py
Hard images:      spending.py  cost_groups.py  overspend.py
Right and wrong:  selection_numbers.py  confusion.py  accuracy_slices.py  reliability.py, and undecided.py: which
                  filters an accuracy has to leave out
Map:              image_map.py  map_outline.py
images.py holds grids of images that several of them show.
"""

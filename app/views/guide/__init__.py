"""The steps of the two-minute tour: one_block, two_images, costs, many_images, worth, where_to_go."""

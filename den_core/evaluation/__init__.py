"""What a network is worth on images: operating points, their controls, and what is kept or printed of them."""

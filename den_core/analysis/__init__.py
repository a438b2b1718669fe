"""What can be learned from a checkpoint's galleries, metrics and history: data frames and arrays, no drawing.

Of whole test sets, from galleries:
    slices.py      a choice of images, structure patterns   usage.py       how often every block runs at a level
    chosen.py      which structures are chosen, how often   hardness.py    MACs against difficulty, overspend
    confusion.py   where the answers are right and wrong    benefit.py     what the choice is worth, image by image
    neighbours.py  images that are alike                    approximate.py the same past a million images
    spaces.py      do two ways to compare images agree      projection.py  a map of all images
    comparison.py  two checkpoints on the same images       tour.py        two images that show what is meant
Of one image, with the network:
    inspection.py  structure, answer, cost                  probing.py     the same image through other structures
    stability.py   the choice under small changes of the image
Of the network as a whole:
    tradeoff.py    accuracy against MACs                    cost_weight.py what a cost weight changes
    history.py     the turns of training, and its curves    instance_gain.py  own choice against its controls
pareto.py holds the one Pareto front.

Modules are imported one by one: those that run a network bring torch, which takes seconds to load.
"""

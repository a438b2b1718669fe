"""The estimator, the selector and the backbones they are built from. Nothing here touches a file."""

"""Panels about one image.

Inspect an image, which shows one of its tools at a time:
    subject.py      what the tools are about        path_editor.py      force levels by hand
    costs.py        accuracy–cost picture           dial.py             what the cost weight changes
    stability.py    small changes of the image      similar.py          nearest test images
Similar images:
    query.py        the image to start from         near_images.py      its neighbours in one space
    twins.py        pairs of different tasks        spaces_compared.py  content or difficulty
"""

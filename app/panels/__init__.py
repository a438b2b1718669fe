"""Parts of the page Inspect an image, one file per tool; the page shows one of them at a time.

subject.py      what they are about           path_editor.py  force levels by hand
costs.py        accuracy–cost picture         dial.py         what the cost weight changes
stability.py    small changes of the image    similar.py      nearest test images
"""

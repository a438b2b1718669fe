"""Sections of the pages, one file per idea; a page of views/ reads the choices and shows its panels one after another.

one_image/  of the menu's section One image        test_sets/  of Whole test sets
network/    of The network                         tour/       the steps of the two-minute tour

A panel draws with `show`, and answers clicks in its own charts. Keys of the URL and of the session are in app/state.py.
"""

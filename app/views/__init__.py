"""The pages, a folder each: page.py reads the choices and shows its panels, charts.py draws. No page imports another.

A panel draws with `show`, and answers clicks in its own charts. Keys of the URL and of the session are in app/state.py.
"""

"""Where instances go when their hosts are emptied, in which order, to what effect.

Pure: values in (model.py), values out. ``place`` finds targets, ``startable`` says what
may start now, ``effect`` says what moves do to every host that they touch.
"""

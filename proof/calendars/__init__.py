"""Calendar files in the shapes of their usual producers, and how each must be read.

``files`` has two files for each case: NAME.ics, written for this by hand in the shape
of its producer, and NAME.toml with the result for each event: its times in UTC
as start/duration, or the words for it.
"""

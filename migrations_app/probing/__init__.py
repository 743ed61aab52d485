"""Probing a guest while it moves, as one does with ping: what is asked and told.

Pure: who is probed, and what the answers say. The packets are sent by adapters/guest,
in the rhythm of engine/prober.py.
"""

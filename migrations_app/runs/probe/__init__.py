"""Probing a guest while it moves, as one does with ping: what is asked and told.

``gaps`` says what the answers mean and is pure. adapters/guest sends the packets, in
the rhythm of prober.py; interfaces/probe_target.py says who may be probed.
"""

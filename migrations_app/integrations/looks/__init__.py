"""Web processes ask, workers look: on hosts and in Nova's database, through Redis.

A question is one of a fixed set, in JSON, sealed with the secret key; so is the answer,
which bears the number of its question and is kept for a moment. When either is lost,
the web process says so, and the person asks again.
"""

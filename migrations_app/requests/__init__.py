"""A move is asked for, approved and scheduled, until it starts."""

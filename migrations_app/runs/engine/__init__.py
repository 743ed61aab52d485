"""The engine: it walks the steps of a run forward, or back."""

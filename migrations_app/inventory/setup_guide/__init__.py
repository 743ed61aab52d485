"""The set-up guide: whether novaweb and its neighbours are set up, step by step."""

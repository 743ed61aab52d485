"""The pages, one folder a noun."""

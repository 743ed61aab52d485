"""What threatens novaweb, what is against it, and which test holds that."""

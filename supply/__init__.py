"""What novaweb is made of: pins with hashes, licences, and a bill of materials."""

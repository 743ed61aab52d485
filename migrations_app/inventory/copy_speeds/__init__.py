"""How fast hosts copy to each other: measured, asked for and read."""

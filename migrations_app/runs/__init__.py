"""An approved move is carried out."""

"""How drains are planned, judged and carried out; the verbs of people: actions.py."""

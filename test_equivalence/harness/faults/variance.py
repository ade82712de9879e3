"""Faults of the variance that nobody could see."""

EXCUSED = {"inputs: x negated": "a variance is the same for the opposite numbers"}

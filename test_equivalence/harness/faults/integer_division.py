"""Faults of division that nobody could see."""

WHOLE = "the whole part of a quotient of small numbers seldom changes with the last digits of either"
EXCUSED = {
    "inputs: x in *float16": WHOLE,
    "inputs: x times 1.001": WHOLE,
    "weights: divisor in *float16": WHOLE,
}

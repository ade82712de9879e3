"""Faults of rounding that nobody could see."""

NEAREST = "the nearest whole number is the same for a coarser one, but for numbers beside a tie, where either is right"
HALVES_APART = (
    "it is another number beyond 256 only, where one unit of an input in half precision rounds to another one"
)
EXCUSED = {
    "outputs: y in bfloat16": HALVES_APART,
    "precision: everything in bfloat16": HALVES_APART,
    "inputs: x in *float16": NEAREST,
    "precision: computed in float16": NEAREST,
}

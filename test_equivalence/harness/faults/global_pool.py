"""Faults of global pooling that nobody could see."""

ORDER = "the mean and the greatest of all places do not depend on the order of the places"
EXCUSED = {
    "inputs: x in another layout": ORDER,
    "inputs: x off by one along the last axis": ORDER,
}

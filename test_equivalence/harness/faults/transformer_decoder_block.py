"""Faults of the transformer's decoder block that nobody could see."""

EXCUSED = {
    f"weights: {attention}_key_bias *": "a bias of the keys adds the same to every score of a row, which softmax does "
    "not see"
    for attention in ("self", "cross")
}

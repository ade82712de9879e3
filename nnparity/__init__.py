"""nnparity: is a layer still the same function after export?"""

__version__ = "0.1.0"

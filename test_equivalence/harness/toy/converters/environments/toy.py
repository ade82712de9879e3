"""What the toy components and the toy layer import."""

import sys

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="toy",
    python=f"{sys.version_info.major}.{sys.version_info.minor}",
    packages=("numpy==2.4.6", "hypothesis==6.170.15", "ml-dtypes==0.6.0"),
    constraints=("sortedcontainers==2.4.0",),
    probe=("numpy", "hypothesis"),
)

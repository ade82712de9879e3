"""JAX, for XLA's compiler and runtime."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="jax",
    python="3.11",
    packages=(
        "jax==0.10.2",
        "jaxlib==0.10.2",
        "numpy==2.4.6",
    ),
    constraints=(
        "ml-dtypes==0.6.0",
        "opt-einsum==3.4.0",
        "scipy==1.17.1",
    ),
    variables={"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"},
    probe=(
        "jax",
        "jaxlib",
    ),
)

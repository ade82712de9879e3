"""ncnn, which runs what pnnx writes."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="ncnn",
    python="3.11",
    packages=(
        "ncnn==1.0.20261020",
        "numpy==2.4.6",
    ),
    constraints=(
        "certifi==2026.10.18",
        "charset-normalizer==3.5.2",
        "idna==3.20",
        "ml-dtypes==0.6.0",
        "portalocker==4.4.2",
        "requests==2.34.2",
        "tqdm==4.70.1",
        "urllib3==2.8.0",
    ),
    probe=("ncnn",),
)

"""A results file says the licence of every pinned package whose own metadata does."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnparity.describe import licences

LONG = "Permission is hereby granted, free of charge, " * 9


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ("License-Expression: Apache-2.0\nLicense: Apache 2", "Apache-2.0"),
        ("License: MIT", "MIT"),
        (f"License: {LONG}\nClassifier: License :: OSI Approved :: MIT License", "MIT License"),
        (f"License: {LONG}", None),
        ("Classifier: Typing :: Typed", None),
    ],
)
def test_licence_is_what_the_package_says(tmp_path: Path, fields: str, licence: str | None) -> None:
    folder = tmp_path / "lib" / "python3.11" / "site-packages" / "Some_Package-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: Some_Package\nVersion: 1.0\n{fields}\n")
    assert licences(tmp_path, {"some-package", "not there"}) == ({"some-package": licence} if licence else {})
    assert licences(tmp_path, {"other"}) == {}

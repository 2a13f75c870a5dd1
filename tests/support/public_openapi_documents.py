"""Tries real OpenAPI documents, fetched from npm, and prints the table of docs/.

Run it as ``python -m tests.support.public_openapi_documents``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support.openapi_requests import DocumentResult, exercise_document
from tests.support.paths import OPENAPI_DOCUMENTS

PACKAGES = ("@octokit/openapi@23.0.2", "@readme/oas-examples@8.2.2")
_README = "@readme/oas-examples"
FILES = (
    ("GitHub", "@octokit/openapi/generated/api.github.com.json"),
    ("GitHub Enterprise Server 3.19", "@octokit/openapi/generated/ghes-3.19.json"),
    ("STAPI (Star Trek)", f"{_README}/3.0/json/star-trek.json"),
    ("ReadMe", f"{_README}/3.1/json/readme.json"),
    ("ReadMe, before", f"{_README}/3.0/json/readme-legacy.json"),
    ("Train Travel", f"{_README}/3.1/json/train-travel.json"),
    ("Swagger Petstore", f"{_README}/3.0/yaml/petstore.yaml"),
    ("Petstore, expanded", f"{_README}/3.0/yaml/petstore-expanded.yaml"),
    ("USPTO data sets", f"{_README}/3.0/json/uspto.json"),
    ("OpenAPI's link example", f"{_README}/3.0/json/link-example.json"),
    ("Every kind of security", f"{_README}/3.0/json/security.json"),
    ("Every style of parameter", f"{_README}/3.0/json/parameters-style.json"),
    ("Every kind of schema", f"{_README}/3.1/json/schema-types.json"),
    ("Circular paths", f"{_README}/3.0/json/circular-paths.json"),
    ("File uploads", f"{_README}/3.0/json/file-uploads.json"),
    ("Every HTTP status", f"{_README}/3.0/json/http-status-codes.json"),
)


def install_packages(folder: Path) -> Path:
    """The packages, installed in a folder of their own; scripts of theirs are not run."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder), *PACKAGES]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return folder / "node_modules"


def table_lines(results: list[tuple[str, int, DocumentResult]]) -> Iterator[str]:
    """The table."""
    yield "| document | KiB | operations | inferred | resources | load | first sandbox | refused | failures |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for name, size, tried in results:
        yield (
            f"| {name} | {size // 1024} | {tried.operations} | {tried.inferred} | {tried.resources} "
            f"| {tried.load_seconds:.2f} s | {tried.seed_seconds:.2f} s | {len(tried.rejected_requests)} | {len(tried.failures)} |"
        )


def main(folder: Path) -> int:
    """Try every document; what failed is told after the table."""
    home = install_packages(folder)
    exercise_document(OPENAPI_DOCUMENTS / "petstore.json")  # What is imported once must not count for the first.
    results = []
    for name, file in FILES:
        path = home / file
        results.append((name, path.stat().st_size, exercise_document(path, name)))
    sys.stdout.write("\n".join(table_lines(results)) + "\n")
    for name, _, tried in results:
        for told in (
            *(f"failed: {each}" for each in tried.failures),
            *(f"refused: {each}" for each in tried.rejected_requests),
        ):
            sys.stderr.write(f"{name}: {told}\n")
    return 1 if any(tried.failures for _, _, tried in results) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("dist/own-documents")))

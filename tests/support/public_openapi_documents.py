"""Serves published OpenAPI documents, fetched from npm, and prints the table for docs/.

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
    """Installs the packages in a folder without running their scripts, and returns `node_modules`."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder), *PACKAGES]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return folder / "node_modules"


def table_lines(results: list[tuple[str, int, DocumentResult]]) -> Iterator[str]:
    yield "| document | KiB | operations | inferred | resources | load | first sandbox | refused | failures |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for name, size, result in results:
        yield (
            f"| {name} | {size // 1024} | {result.operations} | {result.inferred} | {result.resources} "
            f"| {result.load_seconds:.2f} s | {result.seed_seconds:.2f} s "
            f"| {len(result.rejected_requests)} | {len(result.failures)} |"
        )


def main(folder: Path) -> int:
    """Serve every document, print the table, then the failed and refused requests."""
    modules = install_packages(folder)
    exercise_document(
        OPENAPI_DOCUMENTS / "petstore.json"
    )  # Imports the modules, so that the first measurement excludes it.
    results = []
    for name, file in FILES:
        path = modules / file
        results.append((name, path.stat().st_size, exercise_document(path, name)))
    sys.stdout.write("\n".join(table_lines(results)) + "\n")
    for name, _, result in results:
        for line in (
            *(f"failed: {each}" for each in result.failures),
            *(f"refused: {each}" for each in result.rejected_requests),
        ):
            sys.stderr.write(f"{name}: {line}\n")
    return 1 if any(result.failures for _, _, result in results) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("dist/own-documents")))

"""Converts every rule of a folder with each backend: prints {backend: {rule: query, or {"error": text}}} as JSON. Arguments: the pipeline's folder, the rules' folder."""

import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])

from o365audit_pipeline import o365audit_pipeline  # noqa: E402
from sigma.backends.elasticsearch import ESQLBackend, LuceneBackend  # noqa: E402
from sigma.backends.opensearch import OpensearchLuceneBackend  # noqa: E402
from sigma.collection import SigmaCollection  # noqa: E402
from sigma.exceptions import SigmaError  # noqa: E402


def convert(backend: type, path: Path) -> object:
    # a conversion changes a rule: each has its own
    rules = SigmaCollection.load_ruleset([str(path)])
    try:
        return backend(o365audit_pipeline()).convert(rules)[0]
    except SigmaError as error:
        return {"error": str(error)}


paths = sorted(Path(sys.argv[2]).glob("*.yml"))
json.dump({backend.__name__: {path.stem: convert(backend, path) for path in paths} for backend in (LuceneBackend, OpensearchLuceneBackend, ESQLBackend)}, sys.stdout)

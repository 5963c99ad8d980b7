"""The JSON Schema of an edition's file, for editors, generated from the types that the loader reads it with."""

import json
from pathlib import Path
from typing import Any, Final

from policies.criteria import MEASURES
from policies.document import EditionDocument

FILE: Final = Path(__file__).parent / "edition.schema.json"


def edition_schema() -> dict[str, Any]:
    """Draft 2020-12. A criterion's `with` follows its measure."""
    schema = EditionDocument.model_json_schema(by_alias=True)
    criterion = schema["$defs"]["Criterion"]
    criterion["properties"]["measure"]["enum"] = list(MEASURES)
    criterion["allOf"] = []
    for name, measure in MEASURES.items():
        key = f"with_{name}"
        parameters = measure.parameters.model_json_schema(by_alias=True)
        schema["$defs"] |= parameters.pop("$defs", {})
        schema["$defs"][key] = parameters
        required = ["with"] if parameters.get("required") else []
        criterion["allOf"].append(
            {
                "if": {"properties": {"measure": {"const": name}}},
                "then": {"properties": {"with": {"$ref": f"#/$defs/{key}"}}, "required": required},
            }
        )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Policy edition", **schema}


def text() -> str:
    """The schema as it stands in the file."""
    return json.dumps(edition_schema(), indent=1) + "\n"

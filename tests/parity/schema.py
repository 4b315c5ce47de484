"""Holds stackr's schemas against the AWS provider's own.

    schema.py STACKR SCHEMA.json [--lacking FILE] [--timeouts FILE]

STACKR is the binary, SCHEMA.json what `terraform providers schema -json` prints. Every argument and output of ours must
exist there with the same type and nesting; what the provider has beyond ours is written to FILE, which `stackr explain`
shows. The other FILE gets the operations that each type has a timeout for. Prints the differences, one a line; exits with 1 if there are any.
"""

import json
import subprocess
import sys

# Where ours is another kind on purpose: (type, field): why.
KNOWN = {
    ("aws_security_group", "cidr_blocks"): "a set: AWS gives them no order",
    ("aws_security_group", "ipv6_cidr_blocks"): "a set: AWS gives them no order",
    ("aws_security_group", "prefix_list_ids"): "a set: AWS gives them no order",
}


def ours(stackr, *arguments):
    return json.loads(subprocess.run([stackr, "--json", "explain", *arguments], check=True, capture_output=True).stdout)


def spell(kind):
    """The provider's type in the words of stackr's."""
    if isinstance(kind, str):
        return "any" if kind == "dynamic" else kind
    outer, inner = kind[0], kind[1]
    if outer == "object":
        return "object"
    return f"{outer}({spell(inner)})"


def fields(block):
    """name -> (type, nesting, what is nested) of a provider's block."""
    found = {}
    for name, attribute in block.get("attributes", {}).items():
        kind = attribute["type"]
        nested = None
        while isinstance(kind, list) and kind[0] in ("list", "set", "map"):
            kind = kind[1]
        if isinstance(kind, list) and kind[0] == "object":
            nested = {"attributes": {n: {"type": t} for n, t in kind[1].items()}}
        found[name] = (spell(attribute["type"]), "attribute", nested)
    for name, nested in block.get("block_types", {}).items():
        single = nested.get("max_items") == 1 or nested["nesting_mode"] == "single"
        mode = "list" if nested["nesting_mode"] == "single" else nested["nesting_mode"]
        found[name] = (f"{mode}(object)", "block" if single else "blocks", nested["block"])
    return found


def compare(ty, mine, block, path, problems):
    theirs = fields(block)
    for name, field in mine.items():
        at = f"{ty}: {path}{name}"
        if name not in theirs:
            problems.append(f"{at}: the provider has no such field")
            continue
        kind, nesting, nested = theirs[name]
        known = (ty, name) in KNOWN
        # An attribute that holds objects may be written as blocks; a list of blocks may be limited by the provider's
        # code instead of its schema.
        loose = "object" in kind and "object" in field["type"]
        if field["type"] != kind and not known and not loose:
            problems.append(f"{at}: {field['type']} here, {kind} in the provider")
        if loose and field["type"].split("(")[0] != kind.split("(")[0] and not known:
            # A single block is a list of one here; the provider has sets of one in places.
            if field["nesting"] != "block":
                problems.append(f"{at}: {field['type']} here, {kind} in the provider")
        if field.get("fields") and nested:
            compare(ty, field["fields"], nested, f"{path}{name}.", problems)


def timeouts(provider):
    for section, schemas in (("data", "data_source_schemas"), ("resource", "resource_schemas")):
        for ty, schema in sorted(provider[schemas].items()):
            nested = schema["block"].get("block_types", {}).get("timeouts")
            flat = schema["block"].get("attributes", {}).get("timeouts")
            if nested or flat:
                names = nested["block"]["attributes"] if nested else flat["nested_type"]["attributes"]
                yield f"{section} {ty} {' '.join(sorted(names))}"


def main():
    stackr, schema = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
    provider = next(s for name, s in schema["provider_schemas"].items() if name.endswith("/aws"))
    types = ours(stackr)
    problems, lacking, count = [], [], 0
    for section, names, schemas in (
        ("resource", types["resources"], provider["resource_schemas"]),
        ("data", types["data"], provider["data_source_schemas"]),
    ):
        for ty in names:
            if not ty.startswith("aws_"):
                continue
            if ty not in schemas:
                problems.append(f"{ty}: the provider has no such {section}")
                continue
            mine = ours(stackr, ty, *(["--data"] if section == "data" else []))
            all_mine = {**mine["outputs"], **mine["args"]}
            block = schemas[ty]["block"]
            compare(ty, all_mine, block, "", problems)
            count += len(all_mine)
            beyond = sorted(n for n in fields(block) if n not in all_mine and n != "timeouts")
            if beyond:
                lacking.append(f"{section} {ty}: {' '.join(beyond)}")
    if "--lacking" in sys.argv:
        with open(sys.argv[sys.argv.index("--lacking") + 1], "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in sorted(lacking)))
    if "--timeouts" in sys.argv:
        with open(sys.argv[sys.argv.index("--timeouts") + 1], "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in timeouts(provider)))
    print("\n".join(problems) or f"{count} fields agree")
    sys.exit(1 if problems else 0)


main()

"""Holds stackr's schemas against the AWS provider's own.

    schema.py STACKR SCHEMA.json [--lacking FILE] [--timeouts FILE] [--page FILE]

STACKR is the binary, SCHEMA.json what `terraform providers schema -json` prints. Every argument and output of ours must
exist there with the same type and nesting; what the provider has beyond ours is written to the file of --lacking, which
`stackr explain` shows, and with all kinds to that of --page, a
document; the file of --timeouts gets the operations that each type has a timeout for. Prints the differences, one a line; exits with 1 if there are any.
"""

import json
import subprocess
import sys

# The provider that the schema is of, as crates/stackr-cli/tests/schema.rs asks for it.
VERSION = "5.100"

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


PAGE = """# Attributes

Of each type: what stackr has, and what the AWS provider {version} has beyond it. Made from both schemas by `just gen`; a
test holds it against them. `stackr explain TYPE` tells what each argument does. What is not here is refused with its
place in the source, never ignored.

| | types | attributes that are there | attributes that are lacking |
| --- | --- | --- | --- |
{totals}
"""


def label(kind, nesting):
    """A kind for readers: a block's is that it is one."""
    return {"block": "block", "blocks": "blocks"}.get(nesting, kind)


def lacks(mine, block, path=""):
    """What a provider's block has beyond ours, with what is nested in what both have: (name, kind)."""
    found = []
    for name, (kind, nesting, nested) in sorted(fields(block).items()):
        if name not in mine:
            if not path and name == "timeouts":
                continue
            found.append((path + name, label(kind, nesting)))
        elif mine[name].get("fields") and nested:
            found += lacks(mine[name]["fields"], nested, f"{path}{name}.")
    return found


def section(word, ty, mine, beyond):
    """The part of the page about one type."""

    def listed(pairs):
        return ", ".join(f"`{name}` {kind}" for name, kind in pairs)

    outputs = [(n, label(f["type"], f["nesting"])) for n, f in mine["outputs"].items() if n not in mine["args"]]
    arguments = [(n, label(f["type"], f["nesting"])) for n, f in mine["args"].items()]
    lines = [f"### {word} `{ty}`", "", f"- arguments: {listed(arguments) or 'none'}"]
    if outputs:
        lines.append(f"- outputs: {listed(outputs)}")
    lines.append(f"- lacking: {listed(beyond)}" if beyond else "- complete")
    return "\n".join(lines)


def page(sections, totals, version):
    rows = [f"| {word} | {types} | {there} | {gone} |" for word, (types, there, gone) in totals.items()]
    return PAGE.format(version=version, totals="\n".join(rows)) + "".join(f"\n{text}\n" for text in sections)


def main():
    stackr, schema = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
    provider = next(s for name, s in schema["provider_schemas"].items() if name.endswith("/aws"))
    types = ours(stackr)
    problems, lacking, count = [], [], 0
    sections, totals = [], {}
    for word, names, schemas in (
        ("resource", types["resources"], provider["resource_schemas"]),
        ("data", types["data"], provider["data_source_schemas"]),
    ):
        for ty in names:
            if not ty.startswith("aws_"):
                continue
            if ty not in schemas:
                problems.append(f"{ty}: the provider has no such {word}")
                continue
            mine = ours(stackr, ty, *(["--data"] if word == "data" else []))
            all_mine = {**mine["outputs"], **mine["args"]}
            block = schemas[ty]["block"]
            compare(ty, all_mine, block, "", problems)
            count += len(all_mine)
            beyond = sorted(n for n in fields(block) if n not in all_mine and n != "timeouts")
            if beyond:
                lacking.append(f"{word} {ty}: {' '.join(beyond)}")
            deep = lacks(all_mine, block)
            sections.append(section(word, ty, mine, deep))
            known, there, gone = totals.get(word, (0, 0, 0))
            totals[word] = (known + 1, there + len(all_mine), gone + len(deep))
    written = {
        "--lacking": "".join(f"{line}\n" for line in sorted(lacking)),
        "--timeouts": "".join(f"{line}\n" for line in timeouts(provider)),
        "--page": page(sections, totals, VERSION),
    }
    for flag, text in written.items():
        if flag in sys.argv:
            with open(sys.argv[sys.argv.index(flag) + 1], "w", encoding="utf-8") as file:
                file.write(text)
    print("\n".join(problems) or f"{count} fields agree")
    sys.exit(1 if problems else 0)


main()

# Chores. Everything here is a cargo command at heart; nothing needs just.

# Show what there is.
default:
    @just --list --unsorted

# The first feedback: everything that is tested without the AWS SDK and without an emulator.
quick:
    cargo t

# All tests.
test *arguments:
    cargo test --workspace {{ arguments }}

# What .ci/run checks.
check:
    cargo ci

# Licences, sources, banned and doubled crates, known vulnerabilities.
deny:
    cargo deny --workspace check

# Accept what generated files and snapshots are now; then look at `git diff`.
gen:
    INSTA_UPDATE=always cargo test --workspace

# The reference system on a local AWS.
demo:
    cargo demo

# A new resource file with its tests: just new-resource ec2 flow_log
new-resource service name *type:
    cargo run --quiet --package xtask -- new-resource {{ service }} {{ name }} {{ type }}

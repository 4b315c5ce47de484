//! The phases of a system's life, and what an undisturbed run of each gives.

use serde_json::Value;

use super::{Sweep, System, run::Victim, system::Inventory};
use crate::{Proxy, ProxyOptions};

/// The system in the three states that phases start from.
pub struct Prepared {
    empty: System,
    base: System,
    whole: System,
    /// What is in the account before and after, and in between.
    pub(super) inventory: [Value; 3],
}

/// One run of the command, from a system that is prepared for it.
pub struct Phase {
    /// Its name in reports: `apply base`.
    pub name: String,
    pub(super) start: System,
    pub(super) arguments: Vec<&'static str>,
    /// What is there at the end, and how many calls change something on the way.
    pub(super) inventory: Value,
    pub(super) mutations: u64,
}

/// How a phase begins.
struct Outline {
    name: &'static str,
    start: &'static str,
    edits: &'static [(&'static str, &'static str, &'static str)],
    arguments: &'static [&'static str],
}

/// A zone and its certificate (the new one before the old one goes), repositories with their policies; and a second NAT
/// gateway with its table and routes.
const UPDATE_BASE: &[(&str, &str, &str)] = &[
    ("env/dev.tfvars", "\"dev.durable-code.example\"", "\"other.durable-code.example\""),
    ("env/dev.tfvars", "single_nat_gateway  = true", "single_nat_gateway  = false"),
    ("stacks/base/registry.tf", "${local.name}-${each.key}", "${local.name}-images-${each.key}"),
];

/// Task definitions under their services, log groups, a role with its policy.
const UPDATE_RUNTIME: &[(&str, &str, &str)] = &[
    ("env/dev.tfvars", "\"latest\"", "\"v2\""),
    ("stacks/runtime/cluster.tf", "/ecs/${local.name}", "/containers/${local.name}"),
    ("stacks/runtime/roles.tf", "${local.name}-task", "${local.name}-code"),
];

const OUTLINES: [Outline; 6] = [
    Outline { name: "apply base", start: "empty", edits: &[], arguments: &["apply", "base", "-y"] },
    Outline { name: "update base", start: "base", edits: UPDATE_BASE, arguments: &["apply", "base", "-y"] },
    Outline { name: "apply runtime", start: "base", edits: &[], arguments: &["apply", "runtime", "-y"] },
    Outline {
        name: "update runtime",
        start: "whole",
        edits: UPDATE_RUNTIME,
        arguments: &["apply", "runtime", "-y"],
    },
    Outline { name: "destroy runtime", start: "whole", edits: &[], arguments: &["destroy", "runtime", "-y"] },
    Outline { name: "destroy base", start: "base", edits: &[], arguments: &["destroy", "base", "-y"] },
];

impl Prepared {
    /// Applies one stack after the other.
    ///
    /// # Panics
    /// If that fails.
    #[must_use]
    pub fn new(sweep: &Sweep) -> Self {
        let applied = |from: &System, stack| {
            let next = from.copy(sweep);
            let ran = next.undisturbed(&["apply", stack, "-y"]);
            assert_eq!(ran.code, Some(0), "apply {stack}\n{}", ran.said);
            next
        };
        let empty = System::new(sweep);
        let base = applied(&empty, "base");
        let whole = applied(&base, "runtime");
        let teller = Inventory::new(&empty.emulator);
        let inventory = [&empty, &base, &whole].map(|system| teller.of(&system.emulator));
        Self { empty, base, whole, inventory }
    }

    /// Another system with nothing in it.
    pub(super) fn empty(&self, sweep: &Sweep) -> System {
        self.empty.copy(sweep)
    }

    /// The phases that are asked for, each with its undisturbed run.
    pub(super) fn phases(&self, sweep: &Sweep) -> Vec<Phase> {
        let asked = |outline: &&Outline| {
            sweep.phases.is_empty() || sweep.phases.iter().any(|name| name == outline.name)
        };
        OUTLINES.iter().filter(asked).map(|outline| self.phase(sweep, outline)).collect()
    }

    fn phase(&self, sweep: &Sweep, outline: &Outline) -> Phase {
        let from = match outline.start {
            "empty" => &self.empty,
            "base" => &self.base,
            _ => &self.whole,
        };
        let start = from.copy(sweep);
        for (path, old, new) in outline.edits {
            start.edit(path, old, new);
        }
        let system = start.copy(sweep);
        let proxy = Proxy::start(&system.emulator.endpoint(), ProxyOptions::default()).expect("it listens");
        let ran = system.run(outline.arguments, &proxy.endpoint(), &Victim::default());
        assert_eq!(ran.code, Some(0), "{} undisturbed\n{}", outline.name, ran.said);
        let inventory = Inventory::new(&system.emulator).of(&system.emulator);
        Phase {
            name: outline.name.to_owned(),
            start,
            arguments: outline.arguments.to_vec(),
            inventory,
            mutations: proxy.mutations(),
        }
    }
}

impl Phase {
    /// The stack that it is about.
    pub(super) fn stack(&self) -> &'static str {
        self.arguments[1]
    }

    /// Whether a plan afterwards has to be empty.
    pub(super) fn settles(&self) -> bool {
        self.arguments[0] == "apply"
    }
}

//! The modules of a stack and the symbols in them.
//!
//! Facts that shape this file:
//! - a module is one `module` block, wherever its sources are; its instances differ only in keys, so they share
//!   what is here;
//! - a *symbol* is whatever has a value that others refer to or that instances are made from: a local, a
//!   variable, an output, a `count` or `for_each`.

use std::collections::BTreeMap;

use stackr_core::{BlockKey, Diagnostics, Value};

use crate::{
    config::{
        By, Call, CheckBlock, Config, Imported, Output, Provider, Records, Repeat, Resource, Settings,
        Variable, error,
    },
    eval::nearest,
    loader::{Loader, join},
    sources::{Sources, read_config},
    syntax::Located,
};

/// The deepest nesting of modules.
const MAX_DEPTH: usize = 16;

/// The modules of a stack; the first is the root.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) modules: Vec<Module>,
    pub(crate) symbols: Vec<Symbol>,
    pub(crate) blocks: Vec<BlockDecl>,
    pub(crate) imports: Vec<ImportDecl>,
}

/// An `import` block of the root module.
#[derive(Debug)]
pub(crate) struct ImportDecl {
    pub(crate) import: Imported,
    /// The block that it is for.
    pub(crate) block: usize,
    /// The symbol of `for_each`.
    pub(crate) each: Option<(usize, By)>,
}

/// One `module` block, or the root.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) names: Vec<String>,
    /// Its directory relative to the root's; empty for the root.
    pub(crate) dir: String,
    pub(crate) parent: Option<Parent>,
    pub(crate) variables: BTreeMap<String, usize>,
    pub(crate) locals: BTreeMap<String, usize>,
    pub(crate) outputs: BTreeMap<String, usize>,
    pub(crate) children: BTreeMap<String, Child>,
    pub(crate) blocks: BTreeMap<BlockKey, usize>,
    pub(crate) checks: BTreeMap<String, CheckBlock>,
    pub(crate) settings: Settings,
    pub(crate) providers: Vec<Provider>,
    /// Without the imports, which are the tree's.
    pub(crate) records: Records,
}

/// Where a module is called.
#[derive(Clone, Debug)]
pub(crate) struct Parent {
    pub(crate) module: usize,
    pub(crate) name: String,
}

/// A `module` block, from the module that it is in.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) module: usize,
    pub(crate) call: Call,
    /// The symbol of `count` or `for_each`.
    pub(crate) repeat: Option<usize>,
}

/// A `resource` or `data` block in its module.
#[derive(Debug)]
pub(crate) struct BlockDecl {
    pub(crate) module: usize,
    pub(crate) resource: Resource,
    /// The symbol of `count` or `for_each`.
    pub(crate) repeat: Option<usize>,
}

/// Something that has a value in each instance of its module.
#[derive(Debug)]
pub(crate) struct Symbol {
    pub(crate) module: usize,
    pub(crate) kind: SymbolKind,
    /// What its value is made from.
    pub(crate) deps: Vec<Dep>,
    /// Whether no block is among what it is made from, directly or not.
    pub(crate) is_static: bool,
    /// Of a variable: whether no block has a say in its validations either.
    pub(crate) static_checks: bool,
}

impl Symbol {
    /// The height of the expression that its value comes from.
    pub(crate) fn height(&self) -> u16 {
        match &self.kind {
            SymbolKind::Local(_, value) | SymbolKind::Variable(_, Given::Argument(value)) => {
                value.expr.height
            }
            SymbolKind::Output(output) => output.value.expr.height,
            SymbolKind::Repeat(repeat) => repeat.value.expr.height,
            SymbolKind::Variable(..) => 1,
        }
    }
}

#[derive(Debug)]
pub(crate) enum SymbolKind {
    Local(String, Located),
    Variable(Variable, Given),
    Output(Output),
    Repeat(Repeat),
}

/// Where a variable's value comes from.
#[derive(Debug)]
pub(crate) enum Given {
    /// From outside, already converted.
    Value(Value),
    /// From the `module` block.
    Argument(Located),
    /// Its default, which it must have.
    Default,
}

/// What something is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dep {
    Symbol(usize),
    Block(usize),
}

impl Tree {
    /// The name of a symbol as expressions write it, with its module.
    pub(crate) fn name(&self, symbol: usize) -> String {
        let symbol = &self.symbols[symbol];
        let module: String = self.modules[symbol.module]
            .names
            .iter()
            .fold(String::new(), |all, name| all + "module." + name + ".");
        match &symbol.kind {
            SymbolKind::Local(name, _) => format!("{module}local.{name}"),
            SymbolKind::Variable(variable, _) => format!("{module}var.{}", variable.name),
            SymbolKind::Output(output) => format!("{module}output.{}", output.name),
            SymbolKind::Repeat(repeat) => format!("{module}{}", repeat.by.name()),
        }
    }

    /// The sources and the module blocks over them, from the root down.
    pub(crate) fn blocks_within(&self, module: usize) -> impl Iterator<Item = usize> + '_ {
        let names = &self.modules[module].names;
        let within = move |block: &BlockDecl| self.modules[block.module].names.starts_with(names);
        self.blocks.iter().enumerate().filter(move |(_, b)| within(b)).map(|(i, _)| i)
    }
}

/// Builds the tree, reading the sources of called modules.
pub(crate) struct Builder<'a> {
    pub(crate) loader: &'a dyn Loader,
    pub(crate) dir: &'a str,
    /// The directories that `terraform init` has put modules in, by the names of the calls.
    pub(crate) vendored: BTreeMap<String, String>,
    pub(crate) sources: &'a mut Sources,
    pub(crate) diagnostics: &'a mut Diagnostics,
    pub(crate) tree: Tree,
}

impl Builder<'_> {
    /// Adds a module and, below it, those that it calls. The root's variables have the values of `given`.
    pub(crate) fn add(
        &mut self,
        config: Config,
        place: (Vec<String>, String, Option<Parent>),
        given: &mut dyn FnMut(&Variable) -> Given,
    ) -> usize {
        let (names, dir, parent) = place;
        let index = self.tree.modules.len();
        self.tree.modules.push(Module {
            names,
            dir,
            parent,
            variables: BTreeMap::new(),
            locals: BTreeMap::new(),
            outputs: BTreeMap::new(),
            children: BTreeMap::new(),
            blocks: BTreeMap::new(),
            checks: config.checks,
            settings: config.settings,
            providers: config.providers,
            records: config.records,
        });
        for (name, variable) in config.variables {
            let value = given(&variable);
            let symbol = self.symbol(index, SymbolKind::Variable(variable, value));
            self.tree.modules[index].variables.insert(name, symbol);
        }
        for (name, (value, _)) in config.locals {
            let symbol = self.symbol(index, SymbolKind::Local(name.clone(), value));
            self.tree.modules[index].locals.insert(name, symbol);
        }
        for (name, (output, _)) in config.outputs {
            let symbol = self.symbol(index, SymbolKind::Output(output));
            self.tree.modules[index].outputs.insert(name, symbol);
        }
        for resource in config.resources {
            let repeat = resource.repeat.clone().map(|r| self.symbol(index, SymbolKind::Repeat(r)));
            let block = self.tree.blocks.len();
            self.tree.modules[index].blocks.insert(resource.key.clone(), block);
            self.tree.blocks.push(BlockDecl { module: index, resource, repeat });
        }
        for call in config.calls.into_values() {
            self.add_child(index, call);
        }
        index
    }

    /// Connects the `import` blocks with the resources that they are for, once all modules are there.
    pub(crate) fn connect_imports(&mut self) {
        for module in 0..self.tree.modules.len() {
            for import in std::mem::take(&mut self.tree.modules[module].records.imports) {
                if module > 0 {
                    let detail = "An `import` block is written in the root module, with the way to the object in `to`: \
                                  `to = module.net.aws_vpc.main`.";
                    self.diagnostics.push(error(import.span, "import in a module", detail));
                    continue;
                }
                let modules = &self.tree.modules;
                let block = modules.iter().find(|m| m.names == import.modules);
                let Some(&block) = block.and_then(|m| m.blocks.get(&import.block)) else {
                    let way: String = import.modules.iter().map(|m| format!("module.{m}.")).collect();
                    let detail = format!(
                        "There is no resource `{way}{}`. Declare it: an import needs to know what is wanted.",
                        import.block
                    );
                    self.diagnostics.push(error(
                        import.to.span(),
                        "import of an undeclared resource",
                        detail,
                    ));
                    continue;
                };
                let each = import.for_each.clone().map(|value| {
                    // No name leads to it.
                    (self.symbol(0, SymbolKind::Local("import.for_each".to_owned(), value)), By::ForEach)
                });
                self.tree.imports.push(ImportDecl { import, block, each });
            }
        }
    }

    fn symbol(&mut self, module: usize, kind: SymbolKind) -> usize {
        self.tree.symbols.push(Symbol {
            module,
            kind,
            deps: Vec::new(),
            is_static: false,
            static_checks: false,
        });
        self.tree.symbols.len() - 1
    }

    fn add_child(&mut self, module: usize, call: Call) {
        let Some(dir) = self.directory(module, &call) else { return };
        let mut names = self.tree.modules[module].names.clone();
        names.push(call.name.clone());
        let mut around = Some(module);
        while let Some(outer) = around {
            if self.tree.modules[outer].dir == dir || names.len() > MAX_DEPTH {
                let detail =
                    format!("The module `{}` calls itself, by way of {}.", call.name, names.join(", "));
                self.diagnostics.push(error(call.source_span.clone(), "module calls itself", detail));
                return;
            }
            around = self.tree.modules[outer].parent.as_ref().map(|p| p.module);
        }
        let from = Some(call.source_span.clone());
        let Some(config) = read_config(self.loader, self.dir, &dir, from, self.sources, self.diagnostics)
        else {
            return;
        };
        self.check_providers(&config, &call);
        let mut arguments = BTreeMap::new();
        for (name, value, span) in &call.arguments {
            if !config.variables.contains_key(name) {
                let near = nearest(name, config.variables.keys().map(String::as_str));
                let hint = near.map_or_else(String::new, |n| format!(" Did you mean `{n}`?"));
                let detail = format!("The module `{}` has no variable `{name}`.{hint}", call.name);
                self.diagnostics.push(error(span.clone(), "unsupported argument", detail));
            }
            arguments.insert(name.clone(), value.clone());
        }
        for variable in config.variables.values() {
            if variable.default.is_none() && !arguments.contains_key(&variable.name) {
                let detail = format!("The module `{}` needs a value for `{}`.", call.name, variable.name);
                self.diagnostics.push(error(call.span.clone(), "missing argument", detail));
            }
        }
        let repeat = call.repeat.clone().map(|r| self.symbol(module, SymbolKind::Repeat(r)));
        let parent = Some(Parent { module, name: call.name.clone() });
        let child = self.add(config, (names, dir, parent), &mut |variable| {
            arguments.remove(&variable.name).map_or(Given::Default, Given::Argument)
        });
        let name = call.name.clone();
        self.tree.modules[module].children.insert(name, Child { module: child, call, repeat });
    }

    /// What is wrong with the providers of a called module: those that it has itself, and those that it must be given.
    fn check_providers(&mut self, config: &Config, call: &Call) {
        let given = |name: &str, alias: &str| {
            let all = call.providers.iter().flatten();
            all.map(|((n, a), _)| (n, a)).any(|(n, a)| n == name && a == alias)
        };
        for provider in config.providers.iter().filter(|p| p.name == "aws" && !p.is_empty()) {
            let detail = if given(&provider.name, &provider.alias) {
                format!(
                    "The module `{}` has this configuration itself, so it cannot be given another.",
                    call.name
                )
            } else if call.repeat.is_some() || !call.depends_on.is_empty() {
                "A module with a provider of its own cannot have `count`, `for_each` or `depends_on`. Remove this block \
                 and, in the `module` block, say `providers = { aws = aws.alias }`."
                    .to_owned()
            } else {
                continue;
            };
            self.diagnostics.push(error(provider.block.span(), "provider in a module", detail));
        }
        for (name, alias) in config.settings.required_providers.values().flat_map(|r| &r.aliases) {
            if !given(name, alias) {
                let detail = format!(
                    "The module `{}` needs a provider: say `providers = {{ {name}.{alias} = {name} }}`.",
                    call.name
                );
                self.diagnostics.push(error(call.span.clone(), "missing provider", detail));
            }
        }
    }

    /// The directory of a called module, relative to the root's.
    fn directory(&mut self, module: usize, call: &Call) -> Option<String> {
        let caller = &self.tree.modules[module];
        let source = &call.source;
        if source.starts_with("./") || source.starts_with("../") || source == "." || source == ".." {
            return Some(join(&caller.dir, source));
        }
        let key: Vec<_> = caller.names.iter().chain([&call.name]).map(String::as_str).collect();
        if let Some(dir) = self.vendored.get(&key.join(".")) {
            return Some(dir.clone());
        }
        let detail = format!(
            "`{source}` is not a directory. stackr downloads no modules: put its sources into a directory of the \
             project and name it, `source = \"./modules/{}\"`, or let `terraform init` fetch it.",
            call.name
        );
        self.diagnostics.push(error(call.source_span.clone(), "unsupported module source", detail));
        None
    }
}

/// The directories in the list of modules that `terraform init` writes.
pub(crate) fn vendored(loader: &dyn Loader, dir: &str) -> BTreeMap<String, String> {
    let read = loader.read(&join(dir, ".terraform/modules/modules.json")).unwrap_or_default();
    let json: serde_json::Value = serde_json::from_slice(&read).unwrap_or_default();
    let modules = json.get("Modules").and_then(serde_json::Value::as_array);
    let text = |entry: &serde_json::Value, name| entry.get(name).and_then(|v| v.as_str()).map(str::to_owned);
    let entries = modules.into_iter().flatten();
    entries.filter_map(|e| Some((text(e, "Key")?, text(e, "Dir")?))).collect()
}

//! References: what each one leads to, and what is wrong with those that lead nowhere.

use std::{collections::BTreeMap, sync::Arc};

use stackr_core::{BlockKey, Diagnostics, Mode, Span};

use crate::{
    config::{By, Check, META_ARGUMENTS, Reference, error, triggering},
    eval::nearest,
    functions,
    graph::whole,
    place::{SELF, bare},
    syntax::{Body, Call, Expr, Kind, Located, Target},
    tree::{Dep, SymbolKind, Tree},
    visit::{Mention, iterator_name, mentions},
};

/// Where an expression is: in which module, and what may be used there beside references.
#[derive(Clone, Copy)]
struct Around<'a> {
    module: usize,
    /// The `count` or `for_each` of the block that the expression is in.
    repeat: Option<(usize, By)>,
    file: &'a Arc<str>,
    /// The names of the elements of `dynamic` blocks.
    iterators: &'a [String],
    /// Whether `self` is an object here.
    this: bool,
    /// The check that this is in.
    check: Option<&'a str>,
}

impl<'a> Around<'a> {
    fn new(module: usize, repeat: Option<(usize, By)>, file: &'a Arc<str>) -> Self {
        Self { module, repeat, file, iterators: &[], this: false, check: None }
    }
}

/// What is wrong with the references of an expression at the root.
pub(crate) fn check_expression(tree: &Tree, expr: &Expr, file: &Arc<str>) -> Result<(), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let around = Around::new(0, None, file);
    let mut references = References { tree, diagnostics: &mut diagnostics };
    match &expr.kind {
        // `type` is there for the console, as the whole of what is asked.
        Kind::Call(call) if &*call.name == "type" => {
            call.args.iter().for_each(|argument| references.expr(argument, around, &mut Vec::new()));
        }
        _ => references.expr(expr, around, &mut Vec::new()),
    }
    diagnostics.or(())
}

/// Resolves references in the modules of a tree.
pub(crate) struct References<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) diagnostics: &'a mut Diagnostics,
}

impl References<'_> {
    /// What the value of a symbol is made from.
    pub(crate) fn symbol(&mut self, id: usize) -> Vec<Dep> {
        let tree = self.tree;
        let symbol = &tree.symbols[id];
        let mut deps = Vec::new();
        match &symbol.kind {
            SymbolKind::Local(_, value) => self.located(value, symbol.module, None, &mut deps),
            SymbolKind::Repeat(repeat) => self.located(&repeat.value, symbol.module, None, &mut deps),
            SymbolKind::Output(output) => {
                self.located(&output.value, symbol.module, None, &mut deps);
                self.references(&output.depends_on, symbol.module, &mut deps);
                let around = Around::new(symbol.module, None, &output.value.file);
                self.checks(&output.preconditions, around, &mut Vec::new());
            }
            SymbolKind::Variable(_, given) => {
                if let crate::tree::Given::Argument(value) = given
                    && let Some(parent) = &tree.modules[symbol.module].parent
                {
                    let child = tree.modules[parent.module].children.get(&parent.name);
                    let repeat = child.and_then(|c| Some((c.repeat?, c.call.repeat.as_ref()?.by)));
                    self.located(value, parent.module, repeat, &mut deps);
                    deps.extend(repeat.map(|(symbol, _)| Dep::Symbol(symbol)));
                }
            }
        }
        deps.sort_unstable();
        deps.dedup();
        deps
    }

    /// What the validations of a variable are made from.
    pub(crate) fn validations(&mut self, id: usize) -> Vec<Dep> {
        let tree = self.tree;
        let mut deps = Vec::new();
        if let SymbolKind::Variable(variable, _) = &tree.symbols[id].kind {
            let around = Around::new(tree.symbols[id].module, None, &variable.span.file);
            self.checks(&variable.validations, around, &mut deps);
        }
        deps
    }

    /// What each argument of a block is made from; without an argument, the block as a whole.
    pub(crate) fn block(&mut self, index: usize) -> BTreeMap<Option<String>, Vec<Dep>> {
        let tree = self.tree;
        let declared = &tree.blocks[index];
        let resource = &declared.resource;
        let repeat = declared.repeat.and_then(|s| Some((s, resource.repeat.as_ref()?.by)));
        let mut args: BTreeMap<Option<String>, Vec<Dep>> = BTreeMap::new();
        let whole = args.entry(None).or_default();
        whole.extend(declared.repeat.map(Dep::Symbol));
        self.references(&resource.depends_on, declared.module, whole);
        let whole = args.entry(None).or_default();
        for import in tree.imports.iter().filter(|i| i.block == index) {
            whole.extend(import.each.map(|(symbol, _)| Dep::Symbol(symbol)));
            let around = Around::new(0, import.each, &import.import.to.file);
            import.import.keys().into_iter().flatten().for_each(|key| self.expr(key, around, whole));
            self.located(&import.import.id, 0, import.each, whole);
        }
        // Conditions need what they refer to, but data is not put off until apply for that, as `depends_on` does.
        let around = Around::new(declared.module, repeat, &resource.block.file);
        let conditions = args.entry(Some("lifecycle".to_owned())).or_default();
        for trigger in &resource.triggers {
            self.trigger(trigger, around, conditions);
        }
        self.checks(&resource.preconditions, around, conditions);
        self.checks(&resource.postconditions, Around { this: true, ..around }, conditions);
        let body = &resource.block.body;
        for attribute in body.attributes.iter().filter(|a| !META_ARGUMENTS.contains(&&*a.name)) {
            let around = Around::new(declared.module, repeat, &attribute.file);
            let deps = args.entry(Some(attribute.name.to_string())).or_default();
            self.expr(&attribute.expr, around, deps);
        }
        for inner in body.blocks.iter().filter(|b| &*b.kind != "lifecycle") {
            let around = Around::new(declared.module, repeat, &inner.file);
            let name = match (&*inner.kind, inner.labels.first()) {
                ("dynamic", Some(label)) => label.text.clone(),
                (kind, _) => kind.to_owned(),
            };
            let deps = args.entry(Some(name)).or_default();
            self.nested(inner, around, deps);
        }
        for deps in args.values_mut() {
            deps.sort_unstable();
            deps.dedup();
        }
        args
    }

    /// What a trigger is about; in its keys only those of this instance are known.
    fn trigger(&mut self, trigger: &Located, around: Around<'_>, deps: &mut Vec<Dep>) {
        let about = triggering(&trigger.expr);
        mentions(&trigger.expr, &mut |mention, at| {
            let allowed = match mention {
                Mention::Target(Target::Block(key)) => Some(key) == about,
                Mention::Target(Target::CountIndex | Target::EachKey) => true,
                _ => false,
            };
            if !allowed {
                let detail = "Only resources, `count.index` and `each.key` can be referred to here.";
                self.diagnostics.push(error(at.span(&trigger.file), "wrong trigger", detail));
            }
        });
        self.expr(&trigger.expr, Around { file: &trigger.file, ..around }, deps);
    }

    fn nested(&mut self, block: &crate::syntax::Block, around: Around<'_>, deps: &mut Vec<Dep>) {
        if let ("dynamic", Some(label)) = (&*block.kind, block.labels.first()) {
            if let Some(each) = block.body.attribute("for_each") {
                self.expr(&each.expr, around, deps);
            }
            let mut iterators = around.iterators.to_vec();
            iterators.push(iterator_name(&label.text, &block.body));
            for content in block.body.blocks.iter().filter(|b| &*b.kind == "content") {
                self.body(&content.body, Around { iterators: &iterators, ..around }, deps);
            }
        } else {
            self.body(&block.body, around, deps);
        }
    }

    fn body(&mut self, body: &Body, around: Around<'_>, deps: &mut Vec<Dep>) {
        for attribute in &body.attributes {
            self.expr(&attribute.expr, Around { file: &attribute.file, ..around }, deps);
        }
        for inner in &body.blocks {
            self.nested(inner, Around { file: &inner.file, ..around }, deps);
        }
    }

    /// Finds what is wrong with the references of the checks.
    pub(crate) fn check_blocks(&mut self) {
        let tree = self.tree;
        for (index, module) in tree.modules.iter().enumerate() {
            for check in module.checks.values() {
                let around = Around::new(index, None, &check.span.file);
                let around = Around { check: Some(&check.name), ..around };
                self.checks(&check.asserts, around, &mut Vec::new());
            }
        }
    }

    /// What each provider block is made from.
    pub(crate) fn providers(&mut self) -> Vec<(Span, Vec<Dep>)> {
        let tree = self.tree;
        let mut all = Vec::new();
        for (index, module) in tree.modules.iter().enumerate() {
            for provider in &module.providers {
                let file = &provider.block.file;
                let mut deps = Vec::new();
                self.body(&provider.block.body, Around::new(index, None, file), &mut deps);
                all.push((provider.block.span(), deps));
            }
        }
        all
    }

    fn located(&mut self, value: &Located, module: usize, repeat: Option<(usize, By)>, deps: &mut Vec<Dep>) {
        self.expr(&value.expr, Around::new(module, repeat, &value.file), deps);
    }

    fn checks(&mut self, checks: &[Check], around: Around<'_>, deps: &mut Vec<Dep>) {
        for check in checks {
            let mut refers = false;
            mentions(&check.condition.expr, &mut |mention, _| refers |= !matches!(mention, Mention::Call(_)));
            if !refers {
                let detail =
                    "This condition refers to nothing, so it is always the same. Refer to what it is about.";
                self.diagnostics.push(error(check.condition.span(), "condition without a reference", detail));
            }
            for part in [&check.condition, &check.message] {
                self.expr(&part.expr, Around { file: &part.file, ..around }, deps);
            }
        }
    }

    fn references(&mut self, references: &[Reference], module: usize, deps: &mut Vec<Dep>) {
        for reference in references {
            let mut found = Vec::new();
            let around = Around::new(module, None, &reference.span.file);
            match self.target(&reference.target, around, &mut found) {
                Ok(()) => deps.extend(whole(self.tree, module, &reference.target)),
                Err(detail) => {
                    self.diagnostics.push(error(reference.span.clone(), "unknown reference", detail));
                }
            }
        }
    }

    fn expr(&mut self, expr: &Expr, around: Around<'_>, deps: &mut Vec<Dep>) {
        mentions(expr, &mut |mention, at| {
            let found = match mention {
                Mention::Target(Target::Block(key))
                    if key.mode == Mode::Managed && around.iterators.contains(&key.ty) =>
                {
                    Ok(())
                }
                Mention::Target(Target::Bare(name)) if around.iterators.iter().any(|i| **i == **name) => {
                    Ok(())
                }
                Mention::Target(target) => self.target(target, around, deps),
                Mention::Output { module, output } => self.output(module, output, around.module, deps),
                Mention::Call(call) => return self.function(call, at.span(around.file)),
            };
            if let Err(detail) = found {
                self.diagnostics.push(error(at.span(around.file), "unknown reference", detail));
            }
        });
    }

    fn function(&mut self, call: &Call, span: Span) {
        let name = &*call.name;
        let plain = name.strip_prefix("core::").unwrap_or(name);
        if plain == "templatestring" && call.args.first().is_some_and(|template| !is_reference(template)) {
            let detail = "The template is a reference to a text from elsewhere. One that is written here needs no \
                          function: write it as it is.";
            self.diagnostics.push(error(span, "wrong argument", detail));
            return;
        }
        if plain != "type" && (matches!(plain, "try" | "can") || functions::exists(name)) {
            return;
        }
        let detail = if plain == "type" {
            "`type` is for the console only, and there for a whole expression: `type(var.name)`.".to_owned()
        } else if name.starts_with("provider::") {
            "Functions of providers are not supported. Use a built-in function.".to_owned()
        } else {
            let near = nearest(plain, functions::names().chain(["try", "can"]));
            let hint = near.map_or_else(String::new, |n| format!(" Did you mean `{n}`?"));
            format!("There is no function `{name}`.{hint}")
        };
        self.diagnostics.push(error(span, "unknown function", detail));
    }

    /// Adds what a reference leads to, or says what is wrong with it.
    fn target(&self, target: &Target, around: Around<'_>, deps: &mut Vec<Dep>) -> Result<(), String> {
        let tree = self.tree;
        let Around { module, repeat, .. } = around;
        let place = &tree.modules[module];
        match (target, repeat) {
            (Target::Var(name), _) => {
                deps.push(Dep::Symbol(named(&place.variables, name, "var.", "variable")?))
            }
            (Target::Local(name), _) => {
                deps.push(Dep::Symbol(named(&place.locals, name, "local.", "local value")?))
            }
            (Target::Module(name), _) => {
                let child = place.children.get(&**name).ok_or_else(|| unknown_module(tree, module, name))?;
                deps.extend(child.repeat.map(Dep::Symbol));
                deps.extend(tree.modules[child.module].outputs.values().map(|s| Dep::Symbol(*s)));
            }
            (Target::Block(key), _) => match place.blocks.get(key) {
                Some(block) => {
                    let check = tree.blocks[*block].resource.check.as_deref();
                    if let Some(check) = check.filter(|_| check != around.check) {
                        let detail = format!(
                            "`{key}` is read for the check `{check}` alone, and only its assertions refer to it."
                        );
                        return Err(detail);
                    }
                    deps.push(Dep::Block(*block));
                }
                None => return Err(unknown_block(place.blocks.keys(), key)),
            },
            (Target::EachValue, Some((symbol, By::ForEach))) => deps.push(Dep::Symbol(symbol)),
            // The key says which instance this is, and on that the whole block depends already.
            (Target::EachKey, Some((_, By::ForEach))) | (Target::CountIndex, Some((_, By::Count))) => {}
            (Target::EachKey | Target::EachValue, _) => {
                return Err("`each` has a value only in a block with `for_each`.".to_owned());
            }
            (Target::CountIndex, _) => {
                return Err("`count.index` has a value only in a block with `count`.".to_owned());
            }
            (Target::This, _) if around.this => {}
            (Target::This, _) => return Err(SELF.to_owned()),
            (Target::Bare(name), _) => return Err(bare(name)),
            (Target::PathModule | Target::PathRoot | Target::PathCwd | Target::Workspace, _) => {}
        }
        Ok(())
    }

    fn output(&self, name: &str, output: &str, module: usize, deps: &mut Vec<Dep>) -> Result<(), String> {
        let tree = self.tree;
        let child =
            tree.modules[module].children.get(name).ok_or_else(|| unknown_module(tree, module, name))?;
        deps.extend(child.repeat.map(Dep::Symbol));
        let outputs = &tree.modules[child.module].outputs;
        let symbol = outputs.get(output).ok_or_else(|| {
            let near = nearest(output, outputs.keys().map(String::as_str));
            let hint = near.map_or_else(String::new, |n| format!(" Did you mean `{n}`?"));
            format!("The module `{name}` has no output `{output}`.{hint}")
        })?;
        deps.push(Dep::Symbol(*symbol));
        Ok(())
    }
}

/// Whether an expression is a reference and nothing else.
fn is_reference(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Ref(_) => true,
        Kind::Attr(source, _) => is_reference(source),
        Kind::Index(pair) => is_reference(&pair.0),
        _ => false,
    }
}

fn named(names: &BTreeMap<String, usize>, name: &str, prefix: &str, kind: &str) -> Result<usize, String> {
    names.get(name).copied().ok_or_else(|| {
        let near = nearest(name, names.keys().map(String::as_str));
        let hint = near.map_or_else(String::new, |n| format!(" Did you mean `{prefix}{n}`?"));
        format!("There is no {kind} `{name}`.{hint}")
    })
}

fn unknown_module(tree: &Tree, module: usize, name: &str) -> String {
    let names = tree.modules[module].children.keys().map(String::as_str);
    let hint = nearest(name, names).map_or_else(String::new, |n| format!(" Did you mean `module.{n}`?"));
    format!("There is no module `{name}`.{hint}")
}

fn unknown_block<'k>(keys: impl Iterator<Item = &'k BlockKey> + Clone, key: &BlockKey) -> String {
    let other =
        BlockKey { mode: if key.mode == Mode::Data { Mode::Managed } else { Mode::Data }, ..key.clone() };
    let kind = if key.mode == Mode::Data { "data source" } else { "resource" };
    let hint = if keys.clone().any(|k| *k == other) {
        format!(" Did you mean `{other}`?")
    } else {
        let names: Vec<_> = keys.map(ToString::to_string).collect();
        let wanted = key.to_string();
        let near = nearest(&wanted, names.iter().map(String::as_str));
        near.map_or_else(String::new, |n| format!(" Did you mean `{n}`?"))
    };
    format!("There is no {kind} `{key}`.{hint}")
}

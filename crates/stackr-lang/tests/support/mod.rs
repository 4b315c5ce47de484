//! What the tests of the front end share: stacks in memory, an environment with given values, marked errors.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::{collections::BTreeMap, sync::Arc};

use stackr_core::{BlockKey, Declaration, Diagnostics, Env, Expansion, Mode, ModulePath, Value};
use stackr_lang::{Inputs, Loader, MemoryLoader, Rejected, Sources, Stack, evaluate_expression, load};

/// Values of blocks by module path and key; every other block is unknown.
#[derive(Default)]
pub(crate) struct Values(pub(crate) BTreeMap<(String, String), Value>);

impl Values {
    pub(crate) fn with(mut self, module: &str, block: &str, value: Value) -> Self {
        self.0.insert((module.to_owned(), block.to_owned()), value);
        self
    }
}

impl Env for Values {
    fn block(&self, module: &ModulePath, block: &BlockKey) -> Option<Value> {
        let key = (module.to_string(), block.to_string());
        Some(self.0.get(&key).cloned().unwrap_or(Value::UNKNOWN))
    }
}

/// Loads files given as `name`, `text` pairs; the stack is the directory `stack`.
pub(crate) fn load_files(files: &[(&str, &str)], inputs: &Inputs) -> Result<Stack, Rejected> {
    let mut loader = MemoryLoader::new();
    for (name, text) in files {
        loader.insert(&format!("stack/{name}"), *text);
    }
    let loader: Arc<dyn Loader> = Arc::new(loader);
    load(&loader, "stack", inputs)
}

/// Loads one file.
pub(crate) fn load_text(text: &str) -> Result<Stack, Rejected> {
    load_files(&[("main.tf", text)], &Inputs::default())
}

/// A stack that must load.
pub(crate) fn stack(text: &str) -> Stack {
    load_text(text).unwrap_or_else(|r| panic!("{}", shown(&r.diagnostics, &r.sources)))
}

/// The diagnostics, one per line: `summary: detail [marked text]`.
pub(crate) fn shown(diagnostics: &Diagnostics, sources: &Sources) -> String {
    let mut lines = Vec::new();
    for d in &diagnostics.0 {
        let marked = d.span.as_ref().map(|s| (s, sources.marked(s).unwrap_or("?")));
        let place = marked.map_or_else(String::new, |(s, text)| format!(" [{}: {text}]", s.file));
        lines.push(format!("{d}{place}"));
    }
    lines.join("\n")
}

/// The errors of a stack that must not load.
pub(crate) fn errors(text: &str) -> String {
    match load_text(text) {
        Ok(_) => "no error".to_owned(),
        Err(r) => shown(&r.diagnostics, &r.sources),
    }
}

/// The value of an expression in a stack, as the console shows it on one line, or its error.
pub(crate) fn value(stack: &Stack, text: &str, env: &dyn Env) -> String {
    match evaluate_expression(stack, text, env) {
        Ok(value) => stackr_lang::show(&value).split_whitespace().collect::<Vec<_>>().join(" "),
        Err(why) => {
            let d = &why.0[0];
            let marked = d.span.as_ref().and_then(|s| text.get(s.range.clone())).unwrap_or("?");
            format!("{}: {} [{marked}]", d.summary, d.detail)
        }
    }
}

/// The index of a block.
pub(crate) fn index(stack: &Stack, block: &str) -> usize {
    let found = stack.blocks().iter().position(|b| {
        let module: String = b.module.iter().map(|m| format!("module.{m}.")).collect();
        format!("{module}{}", b.key) == block
    });
    found.unwrap_or_else(|| panic!("no block {block}"))
}

/// The addresses of a block's instances.
pub(crate) fn addresses(stack: &Stack, block: &str, env: &dyn Env) -> String {
    match stack.expand(index(stack, block), env) {
        Ok(Expansion::Known(all)) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        Ok(Expansion::Unknown) => "unknown".to_owned(),
        Err(why) => shown(&why, stack.sources()),
    }
}

/// The arguments of one instance on one line, or the errors.
pub(crate) fn arguments(stack: &Stack, address: &str, env: &dyn Env) -> String {
    let address: stackr_core::Address = address.parse().expect("tests write addresses that are addresses");
    let module: String = address.module.0.iter().map(|s| format!("module.{}.", s.name)).collect();
    let block = index(stack, &format!("{module}{}", address.block));
    match stack.evaluate(block, &address, env) {
        Ok(arguments) => stackr_lang::show(&arguments.value).split_whitespace().collect::<Vec<_>>().join(" "),
        Err(why) => shown(&why, stack.sources()),
    }
}

/// The references of a block: `arg→block`.
pub(crate) fn refs(stack: &Stack, block: &str) -> String {
    let blocks = stack.blocks();
    let refs = blocks[index(stack, block)].refs.iter();
    let shown = refs.map(|r| format!("{}→{}", r.arg.as_deref().unwrap_or("*"), blocks[r.to].key));
    shown.collect::<Vec<_>>().join(" ")
}

/// A managed block's key.
pub(crate) fn key(ty: &str, name: &str) -> BlockKey {
    BlockKey { mode: Mode::Managed, ty: ty.to_owned(), name: name.to_owned() }
}

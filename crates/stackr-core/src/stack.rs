//! A stack declared in Rust: the typed front end.
//!
//! ```
//! # use stackr_core::*;
//! # struct Network;
//! # /// A network.
//! # #[derive(Clone, Debug, Args)] struct NetworkArgs { /** Its range. */ cidr_block: Cidr }
//! # #[derive(Clone, Debug, Outputs)] struct NetworkOutputs { /** Its id. */ id: String }
//! # impl Resource for Network {
//! #     const TYPE: &'static str = "network"; const WAITS: Waits = Waits::INSTANT;
//! #     type Cloud = (); type Args = NetworkArgs; type Outputs = NetworkOutputs;
//! #     async fn create(_: &(), _: Create<'_, NetworkArgs>) -> Result<Created<Self>> { unimplemented!() }
//! #     async fn read(_: &(), _: &[Id]) -> Result<Vec<Option<Seen<Self>>>> { unimplemented!() }
//! #     async fn update(_: &(), _: Update<'_, Self>) -> Result<()> { unimplemented!() }
//! #     async fn delete(_: &(), _: Delete<'_, Self>) -> Result<()> { unimplemented!() }
//! # }
//! let mut stack = Stack::new("base");
//! let network = stack.add("main", Network::args().cidr_block("10.0.0.0/16"));
//! stack.output("network_id", &network.id);
//! ```

use std::{collections::BTreeMap, fmt, ops::Deref};

use crate::{
    Address, AddressError, Arguments, Block, BlockKey, BlockRef, Declaration, Declared, Diagnostic,
    Diagnostics, Draft, Endpoint, Env, Expansion, Expr, Field, Id, Import, Kept, Key, Kind, Lifecycle,
    Lookup, Mode, Move, OutputValue, Outputs, Part, ProviderConfig, ProviderKey, Ref, Removal, Repeats,
    Resource, Terms, Value,
};

/// A stack declared in Rust.
#[derive(Debug, Default)]
pub struct Stack {
    name: String,
    blocks: Vec<Declared>,
    instances: Vec<Vec<Instance>>,
    /// The arguments and the outputs of each block's type.
    fields: Vec<[&'static [Field]; 2]>,
    providers: BTreeMap<ProviderKey, ProviderConfig>,
    outputs: Vec<(String, Expr, bool)>,
    moves: Vec<Move>,
    removals: Vec<Removal>,
    imports: Vec<Import>,
    problems: Diagnostics,
}

#[derive(Debug)]
struct Instance {
    address: Address,
    args: BTreeMap<String, Expr>,
}

/// The name of an object among those of its type, with a key if it is one of several:
/// `"main"`, `("public", 0)`, `("service", "api")`.
#[derive(Clone, Debug)]
pub struct Label(String);

impl From<&str> for Label {
    /// May carry a key as the field writes it: `public[0]`, `service["api"]`.
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}
impl From<(&str, usize)> for Label {
    fn from((name, index): (&str, usize)) -> Self {
        Self(format!("{name}{}", Key::Index(index as u64)))
    }
}
impl From<(&str, &str)> for Label {
    fn from((name, key): (&str, &str)) -> Self {
        Self(format!("{name}{}", Key::Name(key.to_owned())))
    }
}
impl From<(&str, &String)> for Label {
    fn from((name, key): (&str, &String)) -> Self {
        (name, key.as_str()).into()
    }
}

/// An object of a stack: its address, and typed references to its outputs (through `Deref`).
#[derive(Clone, Debug)]
pub struct Handle<O: Outputs> {
    address: Address,
    refs: O::Refs,
}

impl<O: Outputs> Handle<O> {
    /// Its address.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// A reference to one of its arguments, by name. Its type is the caller's word; that it exists is checked.
    #[must_use]
    pub fn arg<T>(&self, name: &str) -> Ref<T> {
        Ref::new(&self.address, name)
    }
}

impl<O: Outputs> Deref for Handle<O> {
    type Target = O::Refs;
    fn deref(&self) -> &O::Refs {
        &self.refs
    }
}

impl Stack {
    /// An empty stack. The name is the one that commands, state and ownership tags use.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let providers = BTreeMap::from([(ProviderKey::new(), ProviderConfig::default())]);
        Self { name: name.into(), providers, ..Self::default() }
    }

    /// The stack's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sets the provider configuration: region, role, default tags.
    pub fn provider(&mut self, config: ProviderConfig) {
        self.providers.insert(ProviderKey::new(), config);
    }

    /// Declares an object. Objects of one name and different keys are instances of one block.
    ///
    /// A name that is not an identifier with an optional key is reported when the stack is planned.
    pub fn add<D: Draft>(&mut self, name: impl Into<Label>, draft: D) -> Handle<<D::Of as Resource>::Outputs>
    where
        D::Of: Resource,
    {
        let arguments = <<D::Of as Resource>::Args as Block>::fields();
        self.declare(Mode::Managed, <D::Of as Resource>::TYPE, name.into(), arguments, draft.into_args())
    }

    /// Declares an object that is kept in state alone: a random value, say.
    pub fn keep<D: Draft>(&mut self, name: impl Into<Label>, draft: D) -> Handle<<D::Of as Kept>::Outputs>
    where
        D::Of: Kept,
    {
        let arguments = <<D::Of as Kept>::Args as Block>::fields();
        self.declare(Mode::Managed, <D::Of as Kept>::TYPE, name.into(), arguments, draft.into_args())
    }

    /// Declares data that is looked up.
    pub fn look_up<D: Draft>(
        &mut self,
        name: impl Into<Label>,
        draft: D,
    ) -> Handle<<D::Of as Lookup>::Outputs>
    where
        D::Of: Lookup,
    {
        let arguments = <<D::Of as Lookup>::Args as Block>::fields();
        self.declare(Mode::Data, <D::Of as Lookup>::TYPE, name.into(), arguments, draft.into_args())
    }

    /// Declares an output.
    pub fn output(&mut self, name: impl Into<String>, value: impl Into<Expr>) {
        self.declare_output(name.into(), value.into(), false);
    }

    /// Declares an output that is never shown.
    pub fn secret_output(&mut self, name: impl Into<String>, value: impl Into<Expr>) {
        self.declare_output(name.into(), value.into(), true);
    }

    fn declare_output(&mut self, name: String, value: Expr, sensitive: bool) {
        self.referred(&value, &format_args!("output `{name}`"));
        self.outputs.push((name, value, sensitive));
    }

    /// Sets how the block of an object is replaced and removed.
    pub fn lifecycle<O: Outputs>(&mut self, of: &Handle<O>, lifecycle: Lifecycle) {
        if let Some(index) = self.index(&of.address.block) {
            self.blocks[index].lifecycle = lifecycle;
        }
    }

    /// Orders the block of `later` after that of `earlier` though no reference says so.
    pub fn after<L: Outputs, E: Outputs>(&mut self, later: &Handle<L>, earlier: &Handle<E>) {
        if let (Some(later), Some(to)) =
            (self.index(&later.address.block), self.index(&earlier.address.block))
        {
            self.refer(later, BlockRef { arg: None, to, direct: true });
        }
    }

    /// Says that what was recorded under an old address belongs to an object now: `stack.moved("aws_vpc.old", &vpc)`.
    /// Both without keys: with all instances of the block.
    pub fn moved<O: Outputs>(&mut self, from: &str, to: &Handle<O>) {
        if let Some(from) = self.parsed(from) {
            let (from, to) = (Endpoint::object(&from), Endpoint::object(&to.address));
            self.moves.push(Move { within: Vec::new(), from, to, span: None });
        }
    }

    /// Says that a block is no longer declared and that its objects are to be forgotten, not removed.
    pub fn released(&mut self, block: &str) {
        if let Some(address) = self.parsed(block) {
            let from = Endpoint::object(&Address { key: None, ..address });
            self.removals.push(Removal { within: Vec::new(), from, destroy: false, span: None });
        }
    }

    /// Takes over an object that is there already, unless this address has one.
    pub fn import<O: Outputs>(&mut self, to: &Handle<O>, id: impl Into<Id>) {
        self.imports.push(Import { to: to.address.clone(), id: id.into(), span: None });
    }

    fn parsed(&mut self, text: &str) -> Option<Address> {
        match text.parse() {
            Ok(address) => Some(address),
            Err(error) => {
                self.problems.push(Diagnostic::error("bad address", AddressError::to_string(&error)));
                None
            }
        }
    }

    fn refer(&mut self, from: usize, reference: BlockRef) {
        let refs = &mut self.blocks[from].refs;
        if !refs.contains(&reference) {
            refs.push(reference);
        }
    }

    /// The blocks that an expression refers to; what it refers to and is not there is reported.
    fn referred(&mut self, expr: &Expr, by: &dyn fmt::Display) -> Vec<usize> {
        let (mut references, mut blocks) = (Vec::new(), Vec::new());
        expr.references(&mut references);
        for (address, part) in references {
            let Some(to) = self.index(&address.block) else {
                let detail = format!("{by} refers to `{address}`, which this stack does not declare.");
                self.problems.push(Diagnostic::error("unknown reference", detail));
                continue;
            };
            if let Some(name) = missing(&self.fields[to], part) {
                let detail = format!("{by} refers to `{name}` of `{address}`, which has no such attribute.");
                self.problems.push(Diagnostic::error("unknown reference", detail));
            }
            blocks.push(to);
        }
        blocks
    }

    fn index(&self, key: &BlockKey) -> Option<usize> {
        self.blocks.iter().position(|b| b.key == *key)
    }

    fn declare<O: Outputs>(
        &mut self,
        mode: Mode,
        ty: &str,
        Label(name): Label,
        arguments: &'static [Field],
        args: BTreeMap<String, Expr>,
    ) -> Handle<O> {
        let parsed: Result<Address, AddressError> = format!("{ty}.{name}").parse();
        let mut address = parsed.unwrap_or_else(|error| {
            self.problems.push(Diagnostic::error("bad name", error.to_string()));
            Address::root(ty, name)
        });
        address.block.mode = mode;
        let index = self.index(&address.block).unwrap_or_else(|| {
            self.blocks.push(Declared {
                module: Vec::new(),
                key: address.block.clone(),
                repeats: match &address.key {
                    None => Repeats::Once,
                    Some(Key::Index(_)) => Repeats::Count,
                    Some(Key::Name(_)) => Repeats::ForEach,
                },
                refs: Vec::new(),
                provider: ProviderKey::new(),
                lifecycle: Lifecycle::default(),
                advisory: false,
                span: None,
            });
            self.instances.push(Vec::new());
            self.fields.push([arguments, O::fields()]);
            self.blocks.len() - 1
        });
        for (arg, expr) in &args {
            for to in self.referred(expr, &format_args!("`{address}`")) {
                self.refer(index, BlockRef { arg: Some(arg.clone()), to, direct: true });
            }
        }
        if self.instances[index].iter().any(|i| i.address == address) {
            let detail = format!("`{address}` is declared twice. Give one of them another name or key.");
            self.problems.push(Diagnostic::error("duplicate address", detail));
        }
        self.instances[index].push(Instance { address: address.clone(), args });
        Handle { refs: O::refs(&address), address }
    }
}

/// The first name on the way to a part that no field has.
fn missing<'a>(fields: &[&'static [Field]; 2], part: &'a [Part]) -> Option<&'a str> {
    let (Part::Name(first), rest) = part.split_first()? else { return None };
    let Some(field) = fields.iter().copied().flatten().find(|f| f.name == first) else { return Some(first) };
    let mut kind = field.kind;
    for step in rest {
        kind = match (step, kind) {
            (Part::Name(name), Kind::Object(shape)) => match shape.field(name) {
                Some(field) => field.kind,
                None => return Some(name),
            },
            (Part::Where { name, .. }, Kind::List(Kind::Object(shape)) | Kind::Set(Kind::Object(shape)))
                if shape.field(name).is_none() =>
            {
                return Some(name);
            }
            (_, Kind::List(inner) | Kind::Set(inner) | Kind::Map(inner)) => *inner,
            _ => return None,
        };
    }
    None
}

impl Declaration for Stack {
    fn blocks(&self) -> &[Declared] {
        &self.blocks
    }

    fn expand(&self, block: usize, _: &dyn Env) -> Result<Expansion, Diagnostics> {
        let addresses = self.instances[block].iter().map(|i| i.address.clone()).collect();
        self.problems.clone().or(Expansion::Known(addresses))
    }

    fn evaluate(&self, block: usize, address: &Address, env: &dyn Env) -> Result<Arguments, Diagnostics> {
        let instance = self.instances[block].iter().find(|i| i.address == *address);
        let args = instance.map(|i| &i.args).into_iter().flatten();
        let value = Value::object(args.map(|(name, expr)| (name.clone(), expr.evaluate(env))));
        Ok(Arguments { value, spans: BTreeMap::new(), terms: Terms::default() })
    }

    fn outputs(&self, env: &dyn Env) -> Result<Vec<OutputValue>, Diagnostics> {
        let outputs = self.outputs.iter().map(|output| evaluated(output, env));
        self.problems.clone().or(outputs.collect())
    }

    fn output_value(&self, name: &str, env: &dyn Env) -> Result<Option<OutputValue>, Diagnostics> {
        let found = self.outputs.iter().find(|(n, ..)| n == name);
        self.problems.clone().or(found.map(|output| evaluated(output, env)))
    }

    fn providers(&self) -> Result<BTreeMap<ProviderKey, ProviderConfig>, Diagnostics> {
        Ok(self.providers.clone())
    }

    fn moves(&self) -> &[Move] {
        &self.moves
    }

    fn removals(&self) -> &[Removal] {
        &self.removals
    }

    fn imports(&self, block: usize, _: &dyn Env) -> Result<Vec<Import>, Diagnostics> {
        let block = &self.blocks[block].key;
        Ok(self.imports.iter().filter(|i| i.to.block == *block).cloned().collect())
    }
}

fn evaluated((name, expr, sensitive): &(String, Expr, bool), env: &dyn Env) -> OutputValue {
    OutputValue { name: name.clone(), value: expr.evaluate(env), sensitive: *sensitive, description: None }
}

#[cfg(test)]
mod tests;

//! What is known of every instance so far: the environment that expressions are evaluated in.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use stackr_core::{Address, BlockKey, Declared, Env, Key, ModulePath, Moment, Repeats, Trigger, Value};

/// The value of every instance. By block first: what asks for a block asks in all module instances, or in one.
#[derive(Clone, Debug, Default)]
pub struct Values {
    blocks: BTreeMap<BlockKey, BTreeMap<ModulePath, BTreeMap<Option<Key>, Value>>>,
    /// The blocks whose instances are known (or known to be unknown), by the names of their modules.
    expanded: BTreeMap<BlockKey, BTreeMap<Vec<String>, Option<Repeats>>>,
    /// The moment of the apply.
    moment: Option<Moment>,
}

impl Values {
    /// Says that what is planned is applied now.
    pub fn begin(&mut self, moment: Moment) {
        self.moment = Some(moment);
    }

    /// Says how the instances of a block are told apart; `None`: which there are is not known.
    pub fn expand(&mut self, modules: &[String], block: &BlockKey, repeats: Option<Repeats>) {
        self.expanded.entry(block.clone()).or_default().insert(modules.to_vec(), repeats);
    }

    /// Sets the value of an instance.
    pub fn set(&mut self, address: &Address, value: Value) {
        let modules = self.blocks.entry(address.block.clone()).or_default();
        modules.entry(address.module.clone()).or_default().insert(address.key.clone(), value);
    }

    /// The value of an instance.
    #[must_use]
    pub fn get(&self, address: &Address) -> Option<&Value> {
        self.instances(&address.module, &address.block)?.get(&address.key)
    }

    fn instances(&self, module: &ModulePath, block: &BlockKey) -> Option<&BTreeMap<Option<Key>, Value>> {
        self.blocks.get(block)?.get(module)
    }

    fn repeats(&self, module: &ModulePath, block: &BlockKey) -> Option<Option<Repeats>> {
        self.expanded.get(block)?.get(&names(module)).copied()
    }

    /// Whether it is known which instances a block has.
    pub(crate) fn is_expanded(&self, module: &ModulePath, block: &BlockKey) -> bool {
        matches!(self.repeats(module, block), Some(Some(_)))
    }

    /// The instances of a block, in every module instance whose names are these.
    #[must_use]
    pub fn addresses(&self, modules: &[String], block: &BlockKey) -> Vec<Address> {
        let all = self.blocks.get(block).into_iter().flatten();
        all.filter(|(module, _)| module.0.iter().map(|s| &s.name).eq(modules))
            .flat_map(|(module, instances)| instances.keys().map(move |key| (module, key)))
            .map(|(module, key)| Address { module: module.clone(), block: block.clone(), key: key.clone() })
            .collect()
    }
}

impl Env for Values {
    fn moment(&self) -> Option<&Moment> {
        self.moment.as_ref()
    }

    fn block(&self, module: &ModulePath, block: &BlockKey) -> Option<Value> {
        let repeats = self.repeats(module, block)?;
        let none = BTreeMap::new();
        let instances = self.instances(module, block).unwrap_or(&none);
        Some(match repeats {
            None => Value::UNKNOWN,
            Some(Repeats::Once) => instances.get(&None).cloned().unwrap_or(Value::UNKNOWN),
            Some(Repeats::Count) => Value::Tuple(instances.values().cloned().collect()),
            Some(Repeats::ForEach) => Value::object(instances.iter().filter_map(|(key, value)| match key {
                Some(Key::Name(name)) => Some((name.clone(), value.clone())),
                _ => None,
            })),
        })
    }

    fn instance(&self, module: &ModulePath, block: &BlockKey, key: &Key) -> Option<Value> {
        match self.repeats(module, block)? {
            None => Some(Value::UNKNOWN),
            Some(_) => self.instances(module, block)?.get(&Some(key.clone())).cloned(),
        }
    }
}

fn names(module: &ModulePath) -> Vec<String> {
    module.0.iter().map(|step| step.name.clone()).collect()
}

/// An environment that remembers which instances were asked for one by one.
pub(crate) struct Recording<'a> {
    pub(crate) values: &'a Values,
    pub(crate) asked: RefCell<Asked>,
}

impl<'a> Recording<'a> {
    pub(crate) fn new(values: &'a Values) -> Self {
        Self { values, asked: RefCell::default() }
    }
}

/// What was asked for.
#[derive(Default)]
pub(crate) struct Asked {
    /// Whole blocks.
    pub(crate) blocks: BTreeSet<(ModulePath, BlockKey)>,
    /// Single instances.
    pub(crate) instances: BTreeSet<Address>,
}

impl Asked {
    /// Notes what triggers are about.
    pub(crate) fn note(&mut self, triggers: &[Trigger]) {
        for Trigger { address, .. } in triggers {
            if address.key.is_some() {
                self.instances.insert(address.clone());
            } else {
                self.blocks.insert((address.module.clone(), address.block.clone()));
            }
        }
    }

    /// The instances of a block that were asked for one by one; `None` if nothing or all of it was.
    pub(crate) fn one_by_one(&self, block: &Declared) -> Option<impl Iterator<Item = &Address>> {
        let is = |module: &ModulePath, key: &BlockKey| {
            *key == block.key && module.0.iter().map(|s| &s.name).eq(&block.module)
        };
        let whole = self.blocks.iter().any(|(module, key)| is(module, key));
        let mut found = self.instances.iter().filter(move |a| is(&a.module, &a.block)).peekable();
        (!whole && found.peek().is_some()).then_some(found)
    }
}

impl Env for Recording<'_> {
    fn block(&self, module: &ModulePath, block: &BlockKey) -> Option<Value> {
        self.asked.borrow_mut().blocks.insert((module.clone(), block.clone()));
        self.values.block(module, block)
    }

    fn instance(&self, module: &ModulePath, block: &BlockKey, key: &Key) -> Option<Value> {
        let address = Address { module: module.clone(), block: block.clone(), key: Some(key.clone()) };
        self.asked.borrow_mut().instances.insert(address);
        self.values.instance(module, block, key)
    }
}

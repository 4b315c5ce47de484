//! What is known of every instance so far: the environment that expressions are evaluated in.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use stackr_core::{Address, BlockKey, Env, Key, ModulePath, Repeats, Value};

/// The value of every instance, by module instance and block.
#[derive(Clone, Debug, Default)]
pub struct Values {
    blocks: BTreeMap<(ModulePath, BlockKey), BTreeMap<Option<Key>, Value>>,
    /// The blocks whose instances are known (or known to be unknown), by the names of their modules.
    expanded: BTreeMap<(Vec<String>, BlockKey), Option<Repeats>>,
}

impl Values {
    /// Says how the instances of a block are told apart; `None`: which there are is not known.
    pub fn expand(&mut self, modules: &[String], block: &BlockKey, repeats: Option<Repeats>) {
        self.expanded.insert((modules.to_vec(), block.clone()), repeats);
    }

    /// Sets the value of an instance.
    pub fn set(&mut self, address: &Address, value: Value) {
        let key = (address.module.clone(), address.block.clone());
        self.blocks.entry(key).or_default().insert(address.key.clone(), value);
    }

    /// The value of an instance.
    #[must_use]
    pub fn get(&self, address: &Address) -> Option<&Value> {
        self.blocks.get(&(address.module.clone(), address.block.clone()))?.get(&address.key)
    }

    /// The instances of a block, in every module instance whose names are these.
    #[must_use]
    pub fn addresses(&self, modules: &[String], block: &BlockKey) -> Vec<Address> {
        let mut found = Vec::new();
        for ((module, key), instances) in &self.blocks {
            if key == block && module.0.iter().map(|s| &s.name).eq(modules) {
                found.extend(instances.keys().map(|key| Address {
                    module: module.clone(),
                    block: block.clone(),
                    key: key.clone(),
                }));
            }
        }
        found
    }
}

impl Env for Values {
    fn block(&self, module: &ModulePath, block: &BlockKey) -> Option<Value> {
        let repeats = *self.expanded.get(&(names(module), block.clone()))?;
        let none = BTreeMap::new();
        let instances = self.blocks.get(&(module.clone(), block.clone())).unwrap_or(&none);
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
        match self.expanded.get(&(names(module), block.clone()))? {
            None => Some(Value::UNKNOWN),
            Some(_) => self.blocks.get(&(module.clone(), block.clone()))?.get(&Some(key.clone())).cloned(),
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

/// What was asked for.
#[derive(Default)]
pub(crate) struct Asked {
    /// Whole blocks.
    pub(crate) blocks: BTreeSet<(ModulePath, BlockKey)>,
    /// Single instances.
    pub(crate) instances: BTreeSet<Address>,
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

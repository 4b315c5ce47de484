//! What is known of every instance so far: the environment that expressions are evaluated in.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use stackr_core::{Address, BlockKey, Env, Key, ModulePath, Value};

/// How many instances a block has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One, without a key.
    Single,
    /// By position.
    Count,
    /// By key.
    ForEach,
    /// Not known yet.
    Unknown,
}

/// The value of every instance, by module instance and block.
#[derive(Clone, Debug, Default)]
pub struct Values {
    blocks: BTreeMap<(ModulePath, BlockKey), Instances>,
}

#[derive(Clone, Debug)]
struct Instances {
    shape: Shape,
    values: BTreeMap<Option<Key>, Value>,
}

impl Values {
    /// Says that a block has instances of this shape in a module instance, perhaps none.
    pub fn declare(&mut self, module: &ModulePath, block: &BlockKey, shape: Shape) {
        let key = (module.clone(), block.clone());
        self.blocks.entry(key).or_insert_with(|| Instances { shape, values: BTreeMap::new() }).shape = shape;
    }

    /// Sets the value of an instance.
    pub fn set(&mut self, address: &Address, value: Value) {
        let shape = match &address.key {
            None => Shape::Single,
            Some(Key::Index(_)) => Shape::Count,
            Some(Key::Name(_)) => Shape::ForEach,
        };
        let key = (address.module.clone(), address.block.clone());
        let instances =
            self.blocks.entry(key).or_insert_with(|| Instances { shape, values: BTreeMap::new() });
        instances.values.insert(address.key.clone(), value);
    }

    /// The value of an instance.
    #[must_use]
    pub fn get(&self, address: &Address) -> Option<&Value> {
        self.blocks.get(&(address.module.clone(), address.block.clone()))?.values.get(&address.key)
    }

    /// The instances of a block, in every module instance whose names are these.
    #[must_use]
    pub fn addresses(&self, modules: &[String], block: &BlockKey) -> Vec<Address> {
        let mut found = Vec::new();
        for ((module, key), instances) in &self.blocks {
            if key == block && module.0.iter().map(|s| &s.name).eq(modules) {
                found.extend(instances.values.keys().map(|key| Address {
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
        let instances = self.blocks.get(&(module.clone(), block.clone()))?;
        Some(match instances.shape {
            Shape::Unknown => Value::UNKNOWN,
            Shape::Single => instances.values.get(&None).cloned().unwrap_or(Value::UNKNOWN),
            Shape::Count => Value::Tuple(instances.values.values().cloned().collect()),
            Shape::ForEach => Value::object(instances.values.iter().filter_map(|(key, value)| match key {
                Some(Key::Name(name)) => Some((name.clone(), value.clone())),
                _ => None,
            })),
        })
    }

    fn instance(&self, module: &ModulePath, block: &BlockKey, key: &Key) -> Option<Value> {
        let instances = self.blocks.get(&(module.clone(), block.clone()))?;
        if instances.shape == Shape::Unknown {
            return Some(Value::UNKNOWN);
        }
        instances.values.get(&Some(key.clone())).cloned()
    }
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

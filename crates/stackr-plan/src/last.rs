//! What is recorded of a stack, as the environment of its expressions: for those who look and do not plan.

use std::collections::BTreeMap;

use stackr_core::{Address, Declaration, Diagnostics, Expansion, Mode, Object, Registry, Value, sealed};

use crate::{Values, graph::Blocks};

/// The values of all declared blocks: of objects as they were recorded, of everything else unknown. Secrets
/// are unknown too: only their seals are recorded.
///
/// # Errors
/// A dependency cycle.
pub fn last_values(
    declaration: &dyn Declaration,
    registry: &Registry,
    last: &BTreeMap<Address, Object>,
) -> Result<Values, Diagnostics> {
    Ok(last_values_of(&Blocks::new(declaration, registry)?, declaration, registry, last))
}

/// The same where the order of the blocks is known.
pub(crate) fn last_values_of(
    blocks: &Blocks,
    declaration: &dyn Declaration,
    registry: &Registry,
    last: &BTreeMap<Address, Object>,
) -> Values {
    let mut values = Values::default();
    for &index in &blocks.order {
        let block = &declaration.blocks()[index];
        match declaration.expand(index, &values) {
            Ok(Expansion::Known(addresses)) => {
                values.expand(&block.module, &block.key, Some(block.repeats));
                for address in addresses {
                    let value = last.get(&address).and_then(|object| recorded(registry, &address, object));
                    values.set(&address, value.unwrap_or(Value::UNKNOWN));
                }
            }
            // What is wrong is told where the instances are asked for by a plan.
            Ok(Expansion::Unknown) | Err(_) => values.expand(&block.module, &block.key, None),
        }
    }
    values
}

fn recorded(registry: &Registry, address: &Address, object: &Object) -> Option<Value> {
    let schema = match address.block.mode {
        Mode::Managed => registry.resource(address.ty())?.schema(),
        Mode::Data => return None,
    };
    let (args, outputs) = (object.args_value(), object.outputs_value());
    let shapes = [(schema.outputs, &outputs), (schema.args, &args)];
    let fields = shapes.iter().flat_map(|(shape, of)| shape.fields.iter().map(move |field| (field, of)));
    Some(Value::object(fields.map(|(field, of)| {
        let value = of.get(field.name).map_or(Value::Null, unsealed);
        let value = field.kind.ty().convert(&value).unwrap_or(value);
        (field.name.to_owned(), value.marked(field.secret))
    })))
}

/// A recorded value in which what stands in for a secret is a secret that is not known.
fn unsealed(value: &Value) -> Value {
    if sealed::seal(value).is_some() {
        return Value::UNKNOWN.sensitive();
    }
    value.clone().map_children(|child| unsealed(&child))
}

//! Migrating from Terraform: what its state manages is recorded here, each object under its own address.
//!
//! Facts that shape this file:
//! - Terraform's state says where an object is and what it is called; how it is, AWS says: every object is read before it
//!   is recorded, and what AWS does not report is taken from Terraform's record; what state alone holds is as it is there;
//! - nothing is called that changes anything: what is taken over carries no ownership tags, which are there to find what a
//!   lost create left behind, and this was not lost;
//! - what cannot be taken over is listed with the reason, and stays as it is; the source is only read;
//! - done twice, the second time changes nothing.

mod kept;

use std::collections::BTreeMap;

use jiff::Timestamp;
use stackr_core::{
    Address, AnySeen, Field, Id, Kind, Object, ProviderKey, SCHEMA_VERSION, Schema, Shape, Status, Value,
    is_silent,
};
use stackr_engine::{Connections, Seals, Wish};
use stackr_plan::{Candidate, marked_like, sealed_json};
use stackr_state::{Entry, Outcome, State, peek, terraform_v4};
use terraform_v4::Foreign;

use crate::{Deployment, Error};

/// What a migration did, or would do.
#[derive(Debug, Default)]
pub struct Migration {
    /// What is recorded now and was not before.
    pub adopted: Vec<Migrated>,
    /// How many objects were recorded already.
    pub known: usize,
    /// What was left.
    pub left: Vec<Left>,
    /// The names of the outputs that were taken over.
    pub outputs: Vec<String>,
}

/// An object that was taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Its address.
    pub address: Address,
    /// What AWS calls it.
    pub id: Id,
    /// Whether a replacement had set it aside.
    pub deposed: bool,
}

/// An object that was not taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its address.
    pub address: Address,
    /// Why.
    pub reason: String,
}

impl Deployment {
    /// Records what a Terraform state (version 4) manages. `place` is for messages. With `dry`, nothing is written.
    ///
    /// # Errors
    /// The source is no such state, or our own cannot be used. Single objects that cannot be taken over are no error:
    /// they are listed.
    pub async fn migrate(&self, source: &[u8], place: &str, dry: bool) -> Result<Migration, Error> {
        let foreign = terraform_v4::objects(source, place)?;
        let outputs = terraform_v4::outputs(source, place)?;
        let connections = Connections::new(std::sync::Arc::clone(&self.clouds), self.providers()?);
        if dry {
            let state = peek(&*self.store, &self.name, Timestamp::now()).await?.state;
            let seals = self.open_seals(&state)?;
            return Ok(self.gather(&state, (foreign, outputs), &seals, &connections).await.0);
        }
        let mut session = self.open_session("migrate").await?;
        let state = session.state().clone();
        let seals = match self.open_seals(&state) {
            Ok(seals) => seals,
            Err(error) => {
                // As below.
                drop(session.abandon().await);
                return Err(error);
            }
        };
        let (migration, entries) = self.gather(&state, (foreign, outputs), &seals, &connections).await;
        if let Err(error) = session.commit(entries).await {
            // The lease is given back; should that fail, it expires by itself.
            drop(session.abandon().await);
            return Err(error.into());
        }
        session.finish(Outcome::Done).await?;
        Ok(migration)
    }

    /// What is to be recorded, and what is left.
    async fn gather(
        &self,
        state: &State,
        (foreign, outputs): (Vec<Foreign>, BTreeMap<String, (Value, bool)>),
        seals: &Seals,
        connections: &Connections,
    ) -> (Migration, Vec<Entry>) {
        let mut migration = Migration::default();
        let mut wishes = Vec::new();
        let mut sources: BTreeMap<(Address, Option<String>), Foreign> = BTreeMap::new();
        for one in foreign {
            match self.wish(state, &one) {
                Ok(Some(wish)) => {
                    sources.insert((wish.address.clone(), wish.deposed.clone()), one);
                    wishes.push(wish);
                }
                Ok(None) => migration.known += 1,
                Err(reason) => migration.left.push(Left { address: one.address, reason }),
            }
        }
        let known: Vec<Address> = sources.keys().map(|(address, _)| address.clone()).collect();
        let (kept, wishes) = wishes.into_iter().partition(|wish: &Wish| self.registry.is_kept(&wish.ty));
        let mut adopted = self.kept(kept, &mut sources, (&known, seals), &mut migration.left);
        let (found, failed) = self.reader(connections).candidates(wishes).await;
        migration.left.extend(failed.into_iter().map(|unread| Left {
            address: unread.address,
            reason: format!("it cannot be read: {}", unread.error.message),
        }));
        for (wish, candidate) in found {
            let Some(foreign) = sources.remove(&(wish.address.clone(), wish.deposed.clone())) else {
                continue;
            };
            let Some(resource) = self.registry.resource(&wish.ty) else { continue };
            match candidate.seen.clone().filter(|seen| seen.status != Status::Gone) {
                Some(seen) => {
                    let depends_on = depends_on(&foreign, &known);
                    let object = Object {
                        depends_on,
                        ..object(resource.schema(), &foreign, &seen, (&wish.id, &candidate), seals)
                    };
                    adopted.push((wish, object));
                }
                None => migration.left.push(Left {
                    address: wish.address,
                    reason: format!("AWS has no object `{}` in {}", wish.id, candidate.origin.region),
                }),
            }
        }
        // What was set aside comes before what has taken its place.
        adopted.sort_by(|(a, _), (b, _)| {
            (&a.address, a.deposed.is_none(), &a.deposed).cmp(&(&b.address, b.deposed.is_none(), &b.deposed))
        });
        migration.left.sort_by(|a, b| a.address.cmp(&b.address));
        let mut entries = home(state, adopted.iter().map(|(_, object)| object));
        for (wish, object) in adopted {
            let address = wish.address.clone();
            entries.push(Entry::Adopted { address: address.clone(), object: Box::new(object) });
            let deposed = wish.deposed.is_some();
            if deposed {
                entries.push(Entry::Deposed { address: address.clone() });
            }
            migration.adopted.push(Migrated { address, id: wish.id, deposed });
        }
        entries.extend(outputs_entry(state, outputs, seals, &mut migration));
        (migration, entries)
    }

    /// What is to be recorded of what state alone holds. All their secrets are known before any is recorded.
    fn kept(
        &self,
        wishes: Vec<Wish>,
        sources: &mut BTreeMap<(Address, Option<String>), Foreign>,
        (known, seals): (&[Address], &Seals),
        left: &mut Vec<Left>,
    ) -> Vec<(Wish, Object)> {
        let mut readings = Vec::new();
        for wish in wishes {
            let foreign = sources.remove(&(wish.address.clone(), wish.deposed.clone()));
            let Some((foreign, resource)) = foreign.zip(self.registry.resource(&wish.ty)) else { continue };
            match kept::read(&**resource, &foreign, seals) {
                Ok(read) => readings.push((wish, foreign, resource, read)),
                Err(reason) => left.push(Left { address: wish.address, reason }),
            }
        }
        let mut adopted = Vec::new();
        for (wish, foreign, resource, read) in readings {
            match kept::object(&**resource, &foreign, (&wish.id, read), seals) {
                Ok(object) => {
                    let depends_on = depends_on(&foreign, known);
                    adopted.push((wish, Object { depends_on, ..object }));
                }
                Err(reason) => left.push(Left { address: wish.address, reason }),
            }
        }
        adopted
    }

    /// What is to be read of an object; nothing if it is recorded already.
    fn wish(&self, state: &State, foreign: &Foreign) -> Result<Option<Wish>, String> {
        let ty = foreign.address.ty();
        let resource = self
            .registry
            .resource(ty)
            .ok_or_else(|| format!("stackr has no type `{ty}` yet ({})", foreign.provider))?;
        let id = resource
            .id_of(&foreign.attributes)
            .filter(|id| !id.is_empty())
            .ok_or("its attributes do not say what AWS calls it")?;
        let address = &foreign.address;
        let same = |object: &Object| object.ty == ty && object.id == id;
        let here = |d: &&stackr_state::Deposed| d.address == *address && same(&d.object);
        match state.objects.get(address) {
            Some(there) if same(there) => return Ok(None),
            _ if state.deposed.iter().any(|d| here(&d)) => return Ok(None),
            Some(there) => return Err(format!("`{}` is recorded there already", there.id)),
            None => {}
        }
        let set_aside = || state.deposed.iter().find(|d| same(&d.object)).map(|d| &d.address);
        let elsewhere = state.objects.iter().find(|(_, o)| same(o)).map(|(a, _)| a).or_else(set_aside);
        // What state alone holds may have the id of another: that of every password is `none`.
        if let Some(there) = elsewhere.filter(|_| !self.registry.is_kept(ty)) {
            return Err(format!("`{id}` is recorded as `{there}` already"));
        }
        if state.intents.contains_key(address) {
            return Err("a create of it was interrupted; `stackr apply` finds out what came of it".to_owned());
        }
        Ok(Some(Wish {
            address: address.clone(),
            deposed: foreign.deposed.clone(),
            ty: ty.to_owned(),
            provider: self.provider_of(foreign),
            id,
        }))
    }

    /// The provider configuration of an object: as it is declared, else as Terraform names it.
    fn provider_of(&self, foreign: &Foreign) -> ProviderKey {
        let blocks = self.declaration.as_deref().map(|d| d.blocks()).unwrap_or_default();
        let modules = || foreign.address.module.0.iter().map(|step| &step.name);
        let declared =
            blocks.iter().find(|b| b.key == foreign.address.block && modules().eq(b.module.iter()));
        declared.map_or_else(|| foreign.alias.clone(), |block| block.provider.clone())
    }
}

/// The account and region of the stack, where none is recorded: those of its objects, if they agree.
fn home<'a>(state: &State, objects: impl Iterator<Item = &'a Object>) -> Vec<Entry> {
    let mut origins: Vec<_> = objects.map(|o| (o.origin.account.clone(), o.origin.region.clone())).collect();
    origins.retain(|(account, region)| !account.is_empty() || !region.is_empty());
    origins.sort();
    origins.dedup();
    match origins.as_slice() {
        [(account, region)] if state.account.is_none() && !account.is_empty() && !region.is_empty() => {
            vec![Entry::Origin { account: account.clone(), region: region.clone() }]
        }
        _ => Vec::new(),
    }
}

/// The outputs that are not recorded yet. Secrets are sealed with the state's own salt.
fn outputs_entry(
    state: &State,
    outputs: BTreeMap<String, (Value, bool)>,
    seals: &Seals,
    migration: &mut Migration,
) -> Option<Entry> {
    let mut all = state.outputs.clone();
    for (name, (value, sensitive)) in outputs {
        if !all.contains_key(&name) {
            all.insert(
                name.clone(),
                stackr_engine::recorded_output(state, &value.unmark().0, sensitive, seals),
            );
            migration.outputs.push(name);
        }
    }
    (!migration.outputs.is_empty()).then_some(Entry::Outputs { outputs: all })
}

/// The objects that an object depends on: the instances of those blocks, in its own module instance where there are any.
fn depends_on(foreign: &Foreign, known: &[Address]) -> Vec<Address> {
    let mut found = Vec::new();
    for block in &foreign.depends_on {
        let names = |a: &Address| a.module.0.iter().map(|step| step.name.clone()).collect::<Vec<_>>();
        let all: Vec<_> =
            known.iter().filter(|a| a.block == block.block && names(a) == names(block)).collect();
        let near: Vec<_> = all.iter().filter(|a| a.module == foreign.address.module).copied().collect();
        found.extend(if near.is_empty() { all } else { near }.into_iter().cloned());
    }
    found.sort();
    found.dedup();
    found.retain(|a| *a != foreign.address);
    found
}

/// What is recorded of an object: as AWS reports it, where it does; else as Terraform recorded it.
fn object(
    schema: &Schema,
    foreign: &Foreign,
    seen: &AnySeen,
    (id, candidate): (&Id, &Candidate),
    seals: &Seals,
) -> Object {
    let null = Value::Null;
    let seal = |secret: &str| seals.seal(secret, &candidate.uid);
    let of = |field: &Field, reported: &Value| {
        let theirs = foreign.attributes.get(field.name).unwrap_or(&null);
        let silent = field.local || is_silent(field, reported);
        // Tags are recorded as they are declared: without the default ones, which AWS reports with them.
        let value = if silent || (schema.has_tags() && field.name == "tags") {
            fitted(&field.kind, theirs)
        } else {
            marked_like(reported, theirs)
        };
        (field.name.to_owned(), sealed_json(&value, field.secret, &seal))
    };
    let args = schema.args.fields.iter().map(|f| of(f, seen.args.get(f.name).unwrap_or(&null)));
    let outputs = schema.outputs.fields.iter().map(|field| {
        let reported = seen.outputs.get(field.name).unwrap_or(&null);
        let theirs = foreign.attributes.get(field.name).unwrap_or(&null);
        (field.name.to_owned(), sealed_json(&marked_like(reported, theirs), field.secret, &seal))
    });
    Object {
        ty: schema.ty.to_owned(),
        id: id.clone(),
        uid: candidate.uid.clone(),
        origin: candidate.origin.clone(),
        depends_on: Vec::new(),
        prevent_destroy: false,
        create_before_destroy: foreign.create_before_destroy,
        timeouts: BTreeMap::new(),
        schema: SCHEMA_VERSION,
        tainted: foreign.tainted,
        args: args.collect(),
        outputs: outputs.collect(),
    }
}

/// What Terraform recorded of a field, without what our schema does not have. Its providers write empty texts and lists
/// where nothing was declared.
fn fitted(kind: &Kind, value: &Value) -> Value {
    match (kind, value) {
        (_, Value::Sensitive(inner)) => fitted(kind, inner).sensitive(),
        (_, Value::String(text)) if text.is_empty() => Value::Null,
        (Kind::List(inner) | Kind::Set(inner), Value::Tuple(elements)) => {
            Value::Tuple(elements.iter().map(|element| fitted(inner, element)).collect())
        }
        (Kind::Object(shape), Value::Object(attributes)) => fitted_object(shape, attributes),
        _ => value.clone(),
    }
}

fn fitted_object(shape: &Shape, attributes: &BTreeMap<String, Value>) -> Value {
    let known = shape.fields.iter().map(|field| {
        let value = attributes.get(field.name).unwrap_or(&Value::Null);
        (field.name.to_owned(), fitted(&field.kind, value))
    });
    Value::object(known)
}

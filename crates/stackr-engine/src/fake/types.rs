//! The fake cloud's types.

use std::time::Duration;

use stackr_core::{
    Args, Block, CloudError, Create, Created, Delete, ErrorKind, Find, Id, Known, Outputs, Resource, Result,
    Seen, Status, Tags, Update, Waits,
};
use tokio::time::Instant;

use super::{Fake, Thing, World};

/// Made at once, with a part that only an update sets, at once too; no name, no token: found by its tag.
pub struct Network;

/// A network.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct NetworkArgs {
    /// Its range.
    #[arg(replace)]
    pub range: String,
    /// A remark; not part of the create call.
    pub remark: Option<String>,
    /// A password.
    #[arg(secret, unread)]
    pub password: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What a network has.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct NetworkOutputs {
    /// Its id.
    pub id: String,
    /// Its tags with the default ones.
    pub tags_all: Tags,
}

/// Asynchronous: pending for a minute, deleting for half of one. Its client token is honoured.
pub struct Gateway;

/// A gateway.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct GatewayArgs {
    /// Its network.
    #[arg(replace)]
    pub network_id: String,
    /// Its size.
    #[arg(default = 1)]
    pub size: i64,
    /// Tags.
    pub tags: Tags,
}

/// What a gateway has.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct GatewayOutputs {
    /// Its id.
    pub id: String,
    /// Its tags with the default ones.
    pub tags_all: Tags,
}

/// Existence-only, with a natural key and no tags; its answer is complete.
pub struct Bond;

/// A bond between a network and a gateway.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct BondArgs {
    /// The network.
    #[arg(replace)]
    pub network_id: String,
    /// The gateway; it may still be pending.
    #[arg(replace, early)]
    pub gateway_id: String,
}

/// What a bond has.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct BondOutputs {
    /// Its id.
    pub id: String,
}

/// Caller-named.
pub struct Depot;

/// A depot.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct DepotArgs {
    /// Its name.
    #[arg(replace)]
    pub name: String,
    /// What it holds.
    pub content: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What a depot has.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct DepotOutputs {
    /// Its id.
    pub id: String,
    /// Its tags with the default ones.
    pub tags_all: Tags,
}

/// The uid tag, and the others.
fn split(tags: &Tags) -> (Option<String>, Tags) {
    let uid = tags.get("stackr:uid").cloned();
    let users = tags.iter().filter(|(k, _)| !k.starts_with("stackr:"));
    (uid, users.map(|(k, v)| (k.clone(), v.clone())).collect())
}

fn thing(ty: &'static str, args: &impl Block, uid: Option<String>, world: &World) -> Thing {
    let failed = world.doomed.contains(ty).then(|| "out of capacity".to_owned());
    let born = Instant::now();
    Thing { ty, args: args.to_object(), uid, born, ready: born, steady: born, gone: None, failed }
}

fn there<'a>(world: &'a mut World, operation: &str, id: &str) -> Result<&'a mut Thing> {
    let now = Instant::now();
    world
        .things
        .get_mut(id)
        .filter(|thing| thing.status(now) != Status::Gone)
        .ok_or_else(|| CloudError::new(ErrorKind::NotFound, operation, format!("there is no {id}")))
}

/// Deletes what nothing refers to.
fn delete(world: &mut World, operation: &str, id: &str, takes: Duration) -> Result<()> {
    there(world, operation, id)?;
    let now = Instant::now();
    let user = world.things.iter().find(|(other, thing)| {
        let refers = ["network_id", "gateway_id"]
            .iter()
            .any(|arg| thing.args.get(arg).and_then(|v| v.as_str()) == Some(id));
        *other != id && refers && thing.status(now) != Status::Gone
    });
    if let Some((user, _)) = user {
        return Err(CloudError::new(ErrorKind::InUse, operation, format!("{user} uses {id}")));
    }
    let thing = there(world, operation, id)?;
    thing.gone.get_or_insert(now + takes);
    Ok(())
}

/// Reads things of one type; a few seconds after their end they are no longer shown at all.
async fn read<R: Resource>(
    fake: &Fake,
    ids: &[Id],
    outputs: impl Fn(&str, &R::Args) -> R::Outputs,
) -> Result<Vec<Option<Seen<R>>>> {
    fake.call(&format!("read {}", R::TYPE), ids.len(), |world| {
        let now = Instant::now();
        ids.iter()
            .map(|id| {
                let shown = |thing: &&Thing| {
                    thing.ty == R::TYPE && thing.gone.is_none_or(|gone| now < gone + Duration::from_secs(5))
                };
                let Some(thing) = world.things.get(id).filter(|t| world.shows(t)).filter(shown) else {
                    return Ok(None);
                };
                let args = R::Args::from_object(&thing.args).map_err(|e| CloudError::bug(e.to_string()))?;
                Ok(Some(Seen { outputs: outputs(id, &args), status: thing.status(now), args }))
            })
            .collect()
    })
    .await
}

async fn find_tagged(fake: &Fake, ty: &'static str, uid: &str) -> Result<Option<Id>> {
    fake.call(&format!("find {ty}"), 1, |world| {
        let mut live = world.live().into_iter();
        Ok(live
            .find(|(_, t)| t.ty == ty && world.shows(t) && t.uid.as_deref() == Some(uid))
            .map(|(id, _)| id.clone()))
    })
    .await
}

impl Resource for Network {
    const TYPE: &'static str = "fake_network";
    const WAITS: Waits = Waits::INSTANT;
    const PROMPT: bool = true;
    type Cloud = Fake;
    type Args = NetworkArgs;
    type Outputs = NetworkOutputs;

    async fn create(fake: &Fake, req: Create<'_, NetworkArgs>) -> Result<Created<Self>> {
        fake.call("create fake_network", 1, |world| {
            let (uid, tags) = split(&req.args.tags);
            let args = NetworkArgs { tags, remark: None, password: None, ..req.args.clone() };
            let (id, thing) = (world.id("net"), thing(Self::TYPE, &args, uid, world));
            world.things.insert(id.clone(), thing);
            Ok(Created::id(id))
        })
        .await
    }

    async fn read(fake: &Fake, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        read(fake, ids, |id, args: &NetworkArgs| NetworkOutputs {
            id: id.to_owned(),
            tags_all: args.tags.clone(),
        })
        .await
    }

    async fn refresh(fake: &Fake, known: &[Known<'_>]) -> Result<Vec<Option<Seen<Self>>>> {
        let recorded = known.iter().filter_map(|known| known.output("id")?.to_text());
        fake.with(|world| world.recorded.extend(recorded));
        Self::read(fake, &Known::ids(known)).await
    }

    async fn update(fake: &Fake, req: Update<'_, Self>) -> Result<()> {
        fake.call("update fake_network", 1, |world| {
            there(world, "update fake_network", req.id)?.args =
                NetworkArgs { password: None, ..req.want.clone() }.to_object();
            Ok(())
        })
        .await
    }

    async fn delete(fake: &Fake, req: Delete<'_, Self>) -> Result<()> {
        fake.call("delete fake_network", 1, |world| {
            delete(world, "delete fake_network", req.id, Duration::ZERO)
        })
        .await
    }

    async fn find(fake: &Fake, req: Find<'_, NetworkArgs>) -> Result<Option<Id>> {
        find_tagged(fake, Self::TYPE, req.uid).await
    }
}

impl Resource for Gateway {
    const TYPE: &'static str = "fake_gateway";
    const WAITS: Waits = Waits::minutes(10, 10);
    type Cloud = Fake;
    type Args = GatewayArgs;
    type Outputs = GatewayOutputs;

    async fn create(fake: &Fake, req: Create<'_, GatewayArgs>) -> Result<Created<Self>> {
        fake.call("create fake_gateway", 1, |world| {
            there(world, "create fake_gateway", &req.args.network_id)?;
            if let Some(id) = world.tokens.get(req.token).filter(|id| world.things.contains_key(*id)) {
                return Ok(Created::id(id.clone()));
            }
            let args = GatewayArgs { tags: split(&req.args.tags).1, ..req.args.clone() };
            let (id, mut thing) =
                (world.id("gw"), thing(Self::TYPE, &args, Some(req.token.to_owned()), world));
            thing.ready += Duration::from_secs(60);
            world.things.insert(id.clone(), thing);
            world.tokens.insert(req.token.to_owned(), id.clone());
            Ok(Created::id(id))
        })
        .await
    }

    async fn read(fake: &Fake, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        read(fake, ids, |id, args: &GatewayArgs| GatewayOutputs {
            id: id.to_owned(),
            tags_all: args.tags.clone(),
        })
        .await
    }

    async fn update(fake: &Fake, req: Update<'_, Self>) -> Result<()> {
        fake.call("update fake_gateway", 1, |world| {
            there(world, "update fake_gateway", req.id)?.args = req.want.to_object();
            Ok(())
        })
        .await
    }

    async fn delete(fake: &Fake, req: Delete<'_, Self>) -> Result<()> {
        let takes = Duration::from_secs(30);
        fake.call("delete fake_gateway", 1, |world| delete(world, "delete fake_gateway", req.id, takes)).await
    }

    async fn find(fake: &Fake, req: Find<'_, GatewayArgs>) -> Result<Option<Id>> {
        if fake.with(|world| world.finds_gateways) {
            find_tagged(fake, Self::TYPE, req.uid).await
        } else {
            Ok(None)
        }
    }

    async fn holders(fake: &Fake, id: &str) -> Result<Vec<String>> {
        fake.call("holders fake_gateway", 1, |world| {
            let live = world
                .live()
                .into_iter()
                .filter(|(_, thing)| thing.args.get("gateway_id").and_then(|v| v.as_str()) == Some(id));
            Ok(live.map(|(id, thing)| format!("{id} of a {}", thing.ty)).collect())
        })
        .await
    }
}

impl Resource for Bond {
    const TYPE: &'static str = "fake_bond";
    const WAITS: Waits = Waits::INSTANT;
    type Cloud = Fake;
    type Args = BondArgs;
    type Outputs = BondOutputs;

    async fn create(fake: &Fake, req: Create<'_, BondArgs>) -> Result<Created<Self>> {
        fake.call("create fake_bond", 1, |world| {
            let operation = "create fake_bond";
            there(world, operation, &req.args.network_id)?;
            there(world, operation, &req.args.gateway_id)?;
            let id = format!("{}/{}", req.args.network_id, req.args.gateway_id);
            if there(world, operation, &id).is_ok() {
                return Err(CloudError::new(ErrorKind::Exists, operation, format!("{id} is there")));
            }
            let thing = thing(Self::TYPE, req.args, None, world);
            world.things.insert(id.clone(), thing);
            let outputs = BondOutputs { id: id.clone() };
            Ok(Created::seen(id, Seen { args: req.args.clone(), outputs, status: Status::Ready }))
        })
        .await
    }

    async fn read(fake: &Fake, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        read(fake, ids, |id, _: &BondArgs| BondOutputs { id: id.to_owned() }).await
    }

    async fn update(_: &Fake, _: Update<'_, Self>) -> Result<()> {
        Err(CloudError::bug("a bond cannot be changed"))
    }

    async fn delete(fake: &Fake, req: Delete<'_, Self>) -> Result<()> {
        fake.call("delete fake_bond", 1, |world| delete(world, "delete fake_bond", req.id, Duration::ZERO))
            .await
    }

    async fn find(fake: &Fake, req: Find<'_, BondArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let id = format!("{}/{}", args.network_id, args.gateway_id);
        fake.call("find fake_bond", 1, |world| Ok(there(world, "", &id).is_ok().then(|| id.clone()))).await
    }
}

impl Resource for Depot {
    const TYPE: &'static str = "fake_depot";
    const WAITS: Waits = Waits::INSTANT;
    type Cloud = Fake;
    type Args = DepotArgs;
    type Outputs = DepotOutputs;

    async fn create(fake: &Fake, req: Create<'_, DepotArgs>) -> Result<Created<Self>> {
        fake.call("create fake_depot", 1, |world| {
            if there(world, "", &req.args.name).is_ok() {
                let message = format!("{} is there", req.args.name);
                return Err(CloudError::new(ErrorKind::Exists, "create fake_depot", message));
            }
            let (uid, tags) = split(&req.args.tags);
            let args = DepotArgs { tags, ..req.args.clone() };
            let mut thing = thing(Self::TYPE, &args, uid, world);
            thing.steady += world.settling;
            world.things.insert(req.args.name.clone(), thing);
            Ok(Created::id(&req.args.name))
        })
        .await
    }

    async fn read(fake: &Fake, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        read(fake, ids, |id, args: &DepotArgs| DepotOutputs {
            id: id.to_owned(),
            tags_all: args.tags.clone(),
        })
        .await
    }

    async fn update(fake: &Fake, req: Update<'_, Self>) -> Result<()> {
        fake.call("update fake_depot", 1, |world| {
            let stubborn = world.stubborn.contains("fake_depot.content");
            let thing = there(world, "update fake_depot", req.id)?;
            let content = DepotArgs::from_object(&thing.args).ok().and_then(|args| args.content);
            // What is replaced is named, as by AWS's ReplaceRouteTableAssociation, so it works only once.
            if content != req.seen.args.content {
                let message = format!("{} does not hold that any more", req.id);
                return Err(CloudError::new(ErrorKind::NotFound, "update fake_depot", message));
            }
            let content = if stubborn { content } else { req.want.content.clone() };
            thing.args = DepotArgs { content, ..req.want.clone() }.to_object();
            Ok(())
        })
        .await
    }

    async fn delete(fake: &Fake, req: Delete<'_, Self>) -> Result<()> {
        fake.call("delete fake_depot", 1, |world| delete(world, "delete fake_depot", req.id, Duration::ZERO))
            .await
    }

    async fn find(fake: &Fake, req: Find<'_, DepotArgs>) -> Result<Option<Id>> {
        find_tagged(fake, Self::TYPE, req.uid).await
    }
}

//! `import` and `migrate`: recording what was made elsewhere.

use std::fs;

use serde_json::json;
use stackr::{Import, Migration};
use stackr_state::{Key, Store as _, s3::S3};

use crate::{
    args::{Scope, Vars},
    commands::{
        inspect::default_provider,
        run::{Open, failure_of, open},
    },
    error::Failure,
    exit::Exit,
    render::{
        self,
        style::{BOLD, paint},
    },
    world::{World, state_failure},
};

/// The version of the JSON forms.
const VERSION: u32 = 1;

pub(crate) async fn import(
    world: &World,
    stack: &str,
    (address, id): (&str, String),
    vars: Vars,
) -> Result<Exit, Failure> {
    let to = address.parse().map_err(|error| {
        Failure::usage(format!("{error}"))
            .hint("an address is `aws_vpc.main` or `module.net.aws_subnet.a[0]`")
    })?;
    let open = opened(world, stack, vars).await?;
    let imported = open.deployment.import(&Import { to, id, span: None }).await;
    let change = imported.map_err(|e| failure_of(e, Some(&open.loaded)))?.change;
    let id = change.imported.as_deref().unwrap_or_default();
    if world.out.json {
        let change = render::json::change(&change);
        world.out.json(&json!({ "v": VERSION, "stack": open.stack.name, "imported": id, "change": change }));
        return Ok(Exit::Done);
    }
    world.out.result(&format!("{}: imported [{id}]\n\n", change.address));
    world.out.result(&render::plan::next(&change, open.deployment.registry()));
    Ok(Exit::Done)
}

pub(crate) async fn migrate(
    world: &World,
    stack: &str,
    (from, dry): (&str, bool),
    vars: Vars,
) -> Result<Exit, Failure> {
    let open = opened(world, stack, vars).await?;
    let source = source(world, &open, from).await?;
    let migration = open.deployment.migrate(&source, from, dry).await;
    let migration = migration.map_err(|e| failure_of(e, Some(&open.loaded)))?;
    if world.out.json {
        world.out.json(&as_json(&migration, &open.stack.name, dry));
    } else {
        world.out.result(&as_text(&migration, dry));
    }
    Ok(Exit::Done)
}

async fn opened(world: &World, stack: &str, vars: Vars) -> Result<Open, Failure> {
    let reference = world.stack(stack)?;
    let scope = Scope {
        stacks: vec![stack.to_owned()],
        vars,
        target: Vec::new(),
        exclude: Vec::new(),
        refresh: true,
    };
    open(world, &reference, &scope, false).await
}

/// The bytes of the state that is migrated from.
async fn source(world: &World, open: &Open, from: &str) -> Result<Vec<u8>, Failure> {
    let Some(place) = from.strip_prefix("s3://") else {
        let path = world.dir.join(from);
        return fs::read(&path)
            .map_err(|e| Failure::of(Exit::Error, format!("{} cannot be read", path.display()), &e));
    };
    let Some((bucket, key)) =
        place.split_once('/').filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
    else {
        return Err(Failure::usage(format!("`{from}` is not `s3://bucket/key`")));
    };
    let client = world.s3(&default_provider(&open.loaded)?, None).await?;
    let store = S3::key(client, bucket.to_owned(), key.to_owned());
    let blob = store.read(Key::Snapshot).await.map_err(|e| state_failure(&e))?;
    blob.map(|blob| blob.bytes)
        .ok_or_else(|| Failure::new(Exit::Error, format!("there is nothing at {from}")))
}

fn as_json(migration: &Migration, stack: &str, dry: bool) -> serde_json::Value {
    let adopted = migration.adopted.iter();
    let adopted: Vec<_> =
        adopted.map(|m| json!({ "address": m.address, "id": m.id, "deposed": m.deposed })).collect();
    let left: Vec<_> =
        migration.left.iter().map(|l| json!({ "address": l.address, "reason": l.reason })).collect();
    json!({
        "v": VERSION,
        "stack": stack,
        "dry_run": dry,
        "adopted": adopted,
        "known": migration.known,
        "left": left,
        "outputs": migration.outputs,
    })
}

fn as_text(migration: &Migration, dry: bool) -> String {
    let did = if dry { "would be taken over" } else { "taken over" };
    let adopted = migration.adopted.iter().map(|one| {
        let old = if one.deposed { " (set aside by a replacement)" } else { "" };
        format!("{}{old}: {did} [{}]", one.address, one.id)
    });
    let mut lines: Vec<String> = adopted.collect();
    if !migration.left.is_empty() {
        lines.push(format!("\n{}", paint(BOLD, "Left as they are:")));
        lines.extend(migration.left.iter().map(|one| format!("  {}: {}", one.address, one.reason)));
    }
    let known = match migration.known {
        0 => String::new(),
        known => format!(", {known} recorded already"),
    };
    lines.push(format!(
        "\n{} objects and {} outputs {did}{known}, {} left. Terraform's state was only read.\n",
        migration.adopted.len(),
        migration.outputs.len(),
        migration.left.len(),
    ));
    lines.join("\n")
}

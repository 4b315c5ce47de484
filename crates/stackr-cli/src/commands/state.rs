//! `stackr state` and `stackr bootstrap`: what is recorded, and where.

use jiff::{SignedDuration, Timestamp};
use stackr_state::{
    Claim, Entry, Outcome, Session, State, Store,
    s3::{self, Bootstrap, Encryption},
};

use std::sync::Arc;

use crate::{
    args::{StateCommand, Vars},
    commands::inspect::{default_provider, object_text, recorded},
    error::Failure,
    exit::Exit,
    project::StackRef,
    world::{World, is_dead, state_failure},
};

pub(crate) async fn state(world: &World, command: StateCommand) -> Result<Exit, Failure> {
    match command {
        StateCommand::List { stack, within } => {
            let state = recorded(world, &stack).await?.state;
            for address in stackr_state::list(&state, within.as_deref()) {
                world.out.result(&format!("{address}\n"));
            }
        }
        StateCommand::Show { stack, address } => {
            let state = recorded(world, &stack).await?.state;
            let found = state.objects.iter().find(|(a, _)| a.to_string() == address);
            let Some((address, object)) = found else {
                return Err(Failure::new(Exit::Error, format!("nothing is recorded at `{address}`"))
                    .hint(format!("`stackr state list {stack}` lists what is")));
            };
            if world.out.json {
                world.out.json(&serde_json::to_value(object).unwrap_or_default());
            } else {
                world.out.result(&object_text(address, object));
            }
        }
        StateCommand::Pull { stack } => {
            let state = recorded(world, &stack).await?.state;
            world.out.result(&format!("{}\n", stackr_state::encode_state(&state).trim_end()));
        }
        StateCommand::Rm { stack, addresses } => {
            let done = edit(world, &stack, "state rm", |state| {
                let mut entries = Vec::new();
                for address in &addresses {
                    entries.extend(stackr_state::remove_entries(state, address)?);
                }
                Ok(entries)
            })
            .await?;
            world.out.result(&format!("forgot {}; AWS was not touched\n", objects(done)));
        }
        StateCommand::Mv { stack, from, to } => {
            let done = edit(world, &stack, "state mv", |state| stackr_state::move_entries(state, &from, &to))
                .await?;
            world.out.result(&format!("moved {}\n", objects(done)));
        }
        StateCommand::Unlock { stack } => {
            let (_, store) = open(world, &stack).await?;
            match stackr_state::unlock(&*store).await.map_err(|e| state_failure(&e).about(&stack))? {
                Some(lease) => world.out.result(&format!("removed the lease of {lease}\n")),
                None => world.out.result("there is no lease\n"),
            }
        }
        StateCommand::Repair { stack } => {
            let (stack, store) = open(world, &stack).await?;
            let claim = claim(world, &stack, "state repair");
            let mut repair = stackr_state::repair(&*store, &claim, Timestamp::now()).await;
            if evicted(&*store, repair.as_ref().err()).await? {
                repair = stackr_state::repair(&*store, &claim, Timestamp::now()).await;
            }
            let repair = repair.map_err(|e| state_failure(&e).about(&stack.name))?;
            match (&repair.snapshot, &repair.dropped) {
                (None, None) => world.out.result("the state is good\n"),
                (snapshot, dropped) => {
                    if let Some(why) = snapshot {
                        world
                            .out
                            .result(&format!("the snapshot was damaged ({why}); the previous one is back\n"));
                    }
                    if let Some((parts, why)) = dropped {
                        world
                            .out
                            .result(&format!("{} parts of the journal were dropped: {why}\n", parts.len()));
                    }
                    if let Some(kept) = &repair.kept {
                        world.out.result(&format!("what was damaged is kept in {kept}\n"));
                    }
                }
            }
        }
    }
    Ok(Exit::Done)
}

fn objects(count: usize) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}

async fn open(world: &World, stack: &str) -> Result<(StackRef, Arc<dyn Store>), Failure> {
    let stack = world.stack(stack)?;
    let loaded = world.load(&stack, &Vars::default(), true)?;
    let store = world.store(&stack, loaded.backend(), &default_provider(&loaded)?).await?;
    Ok((stack, store))
}

/// Who wants to write, and what for.
fn claim(world: &World, stack: &StackRef, command: &str) -> Claim {
    Claim {
        name: world.name(stack),
        run: stackr::new_run_name(),
        command: format!("{command} {}", stack.name),
        owner: world.owner(),
        term: SignedDuration::from_secs(60),
    }
}

/// Whether the lease in the way was that of a process of this machine that is known to be dead; it is gone then.
async fn evicted(store: &dyn Store, error: Option<&stackr_state::Error>) -> Result<bool, Failure> {
    match error {
        Some(stackr_state::Error::Held { lease, .. }) if is_dead(&lease.owner) => {
            stackr_state::evict(store, lease).await.map_err(|e| state_failure(&e))?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Changes what is recorded, under the lease. Gives the number of entries.
async fn edit(
    world: &World,
    stack: &str,
    command: &str,
    entries: impl FnOnce(&State) -> stackr_state::Result<Vec<Entry>>,
) -> Result<usize, Failure> {
    let (stack, store) = open(world, stack).await?;
    let name = stack.name.clone();
    let failed = |e: stackr_state::Error| state_failure(&e).about(&name);
    let open = || Session::open(Arc::clone(&store), claim(world, &stack, command), Timestamp::now());
    let mut opened = open().await;
    if evicted(&*store, opened.as_ref().err()).await? {
        opened = open().await;
    }
    let mut session = opened.map_err(failed)?;
    let entries = match entries(session.state()) {
        Ok(entries) => entries,
        Err(error) => {
            session.abandon().await.map_err(failed)?;
            return Err(failed(error));
        }
    };
    let count = entries.len();
    session.commit(entries).await.map_err(failed)?;
    session.finish(Outcome::Done).await.map_err(failed)?;
    Ok(count)
}

pub(crate) async fn bootstrap(
    world: &World,
    bucket: Option<String>,
    region: Option<String>,
) -> Result<Exit, Failure> {
    let entry = &world.project.file.state;
    let flag = world.global.state.as_deref().and_then(|s| s.strip_prefix("s3://"));
    let flag = flag.map(|s| s.split('/').next().unwrap_or(s).to_owned());
    let Some(bucket) = bucket.or(flag).or_else(|| entry.bucket.clone()) else {
        return Err(Failure::usage("no bucket was named").hint(
            "give its name: `stackr bootstrap my-state`, or set `bucket` under `[state]` in stackr.toml",
        ));
    };
    let region = region.or_else(|| entry.region.clone());
    let client = world.s3(&stackr_core::ProviderConfig::default(), region.as_deref()).await?;
    let actual = client.config().region().map(ToString::to_string).unwrap_or_default();
    let encryption = entry.kms_key_id.clone().map_or(Encryption::Aes256, Encryption::Kms);
    let done = s3::bootstrap(&client, &bucket, &actual, &encryption).await.map_err(|e| state_failure(&e))?;
    let word = match done {
        Bootstrap::Made => "made",
        Bootstrap::Accepted => "was there; its settings are right now",
    };
    world.out.result(&format!("{bucket} ({actual}): {word}: versioned, encrypted, closed to the public\n"));
    Ok(Exit::Done)
}

//! Importing one object: it is recorded at once; what differs is left to the next apply.

use stackr_core::Import;
use stackr_engine::Connections;
use stackr_plan::{Change, Options};
use stackr_state::{Activity, Entry, Outcome, Session};

use crate::{Deployment, Error, deployment::recover_error};

/// An object that was taken over.
#[derive(Debug)]
pub struct Imported {
    /// What is recorded of it, and what the next apply does to it.
    pub change: Change,
}

impl Deployment {
    /// Takes over an object that is there, at an address that is declared and has none. Nothing of it is changed.
    ///
    /// # Errors
    /// The address is not declared or has an object; there is no object with this id, or it has another address.
    pub async fn import(&self, import: &Import) -> Result<Imported, Error> {
        let refuse = |reason: &str| Error::Import { address: import.to.clone(), reason: reason.to_owned() };
        let modules = || import.to.module.0.iter().map(|step| &step.name);
        let declared = self.declaration.as_deref().is_some_and(|declaration| {
            declaration.blocks().iter().any(|b| b.key == import.to.block && modules().eq(b.module.iter()))
        });
        if !declared {
            return Err(refuse("it is not declared, and an import needs to know what is wanted"));
        }
        let mut session = self.open_session("import").await?;
        match Box::pin(self.adopt(&mut session, import)).await {
            Ok(imported) => {
                session.finish(Outcome::Done).await?;
                Ok(imported)
            }
            Err(error) => {
                // The lease is given back; should that fail, it expires by itself.
                drop(session.abandon().await);
                Err(error)
            }
        }
    }

    async fn adopt(&self, session: &mut Session, import: &Import) -> Result<Imported, Error> {
        let refuse = |reason: String| Error::Import { address: import.to.clone(), reason };
        let providers = self.providers()?;
        let connections = Connections::new(std::sync::Arc::clone(&self.clouds), providers.clone());
        stackr_engine::recover(session, &self.registry, &connections, |_| ()).await.map_err(recover_error)?;
        let state = session.state().clone();
        if let Some(object) = state.objects.get(&import.to) {
            return Err(refuse(format!("`{}` is recorded there already", object.id)));
        }
        let options = Options {
            targets: vec![import.to.to_string()],
            imports: vec![import.clone()],
            ..Options::default()
        };
        let seals = self.open_seals(&state)?;
        let plan = self.plan_from(&state, Activity::Idle, &options, (&providers, &connections), &seals);
        let planned = plan.await?;
        let adoption = planned.plan.program.adoptions.iter().find(|a| a.address == import.to);
        let change = planned.plan.changes.iter().find(|c| c.address == import.to);
        let (Some(adoption), Some(change)) = (adoption, change) else {
            let moved = planned.plan.program.renames.iter().find(|r| r.to == import.to);
            return Err(refuse(moved.map_or_else(
                || "it is not declared: there is no such instance".to_owned(),
                |moved| format!("what is recorded as `{}` moves there", moved.from),
            )));
        };
        let mut entries = Vec::new();
        let origin = &adoption.object.origin;
        if state.account.is_none() && !origin.account.is_empty() && !origin.region.is_empty() {
            entries.push(Entry::Origin { account: origin.account.clone(), region: origin.region.clone() });
        }
        entries.push(Entry::Adopted { address: import.to.clone(), object: adoption.object.clone() });
        session.commit(entries).await?;
        Ok(Imported { change: change.clone() })
    }
}

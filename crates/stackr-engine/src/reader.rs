//! The reader: answers the planner's questions with as few calls as possible.
//!
//! Questions are grouped by type and cloud; each group is a plural read, all groups and lookups run at once, and what
//! cannot be read is told per object.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::future::join_all;
use stackr_core::{
    Address, AnyKept, AnyRecord, AnyResource, AnySeen, Cloud, CloudError, Diagnostics, Id, Known, Looks,
    Moment, Object, Origin, ProviderKey, Registry, Value, Waits,
};
use stackr_plan::{Answer, Candidate, Next, Plan, Planner, Question};
use tokio::time::{Instant, sleep};

use crate::{
    Connections,
    event::{ErrorView, Event},
    poller::{all, checked, passes},
    random::Jitter,
    retry::{Backoff, Call},
    site::{scrub, secrets},
};

/// Ids per plural read: enough that batching inside a resource pays, few enough that several run at once.
const CHUNK: usize = 500;

/// What a refresh reads with.
pub struct Reader<'a> {
    /// Which types there are.
    pub registry: &'a Registry,
    /// The clients.
    pub connections: &'a Connections,
    /// After which delay a missing object is looked for again: AWS may not show what was made moments ago. Zero:
    /// not at all.
    pub second_look: Duration,
    /// Decides the jitter of delays.
    pub seed: u64,
    /// What imported objects that state alone holds are made with: chance and time. `None`: there is no chance.
    pub moment: fn() -> Option<Moment>,
    /// Is told of every read that failed and is repeated, at once.
    pub told: &'a (dyn Fn(Event) + Send + Sync),
}

/// A refresh that did not lead to a plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The declaration is wrong.
    #[error("the stack cannot be planned")]
    Plan(#[source] Diagnostics),
    /// These could not be read.
    #[error("{} of the stack's objects and data could not be read", .0.len())]
    Read(Vec<Unread>),
}

/// An object or data that could not be read.
#[derive(Debug, Clone)]
pub struct Unread {
    /// Which.
    pub address: Address,
    /// Why.
    pub error: ErrorView,
}

/// Leads a planner to its plan: asks AWS everything that it asks.
///
/// # Errors
/// See [`RefreshError`].
pub async fn refresh(planner: &mut Planner<'_>, reader: &Reader<'_>) -> Result<Plan, RefreshError> {
    loop {
        match planner.next().map_err(RefreshError::Plan)? {
            Next::Done(plan) => return Ok(*plan),
            Next::Ask(questions) => {
                let answers = reader.answer(questions, planner.recorded()).await;
                let answers = answers.map_err(RefreshError::Read)?;
                planner.answer(answers);
            }
        }
    }
}

/// One group of objects: same type, same clients.
struct Group<'a> {
    resource: Arc<dyn AnyResource>,
    cloud: Arc<dyn Cloud>,
    wanted: Vec<Wanted<'a>>,
}

/// An object that is to be taken over.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The address that it gets.
    pub address: Address,
    /// What tells it from others that were set aside at the address, if it was.
    pub deposed: Option<String>,
    /// Its type.
    pub ty: String,
    /// The provider configuration that leads to it.
    pub provider: ProviderKey,
    /// What AWS calls it.
    pub id: Id,
}

#[derive(Clone)]
struct Wanted<'a> {
    address: Address,
    deposed: Option<String>,
    id: String,
    last: Option<&'a Object>,
}

impl Wanted<'_> {
    fn known(&self) -> Known<'_> {
        Known { id: &self.id, last: self.last }
    }
}

/// What is recorded, by address.
type Recorded = BTreeMap<Address, Object>;

type Answers = Result<Vec<Answer>, Vec<Unread>>;

impl Reader<'_> {
    /// Answers questions, all at once. What is recorded of an object spares calls.
    ///
    /// # Errors
    /// Everything that could not be read.
    pub async fn answer(&self, questions: Vec<Question>, recorded: &Recorded) -> Answers {
        let mut reads = Vec::new();
        let mut looks = Vec::new();
        let mut imports = Vec::new();
        for question in questions {
            match question {
                Question::Read { .. } => reads.push(question),
                Question::Look { address, ty, provider, args, advisory } => {
                    looks.push((address, ty, provider, args, advisory));
                }
                Question::Import { address, ty, provider, id } => {
                    imports.push(Wish { address, deposed: None, ty, provider, id });
                }
            }
        }
        let looked = join_all(looks.into_iter().map(|(address, ty, provider, args, advisory)| async move {
            let found = self.look(&ty, &provider, &args).await;
            match found {
                Ok(value) => Ok(vec![Answer::Found { address, value }]),
                Err(error) if advisory => {
                    let why = self.unlooked(&address, &ty, &args, &error).error.text();
                    Ok(vec![Answer::Missing { address, why }])
                }
                Err(error) => Err(vec![self.unlooked(&address, &ty, &args, &error)]),
            }
        }));
        let imported = async {
            let (found, failed) = self.candidates(imports).await;
            let answers = found
                .into_iter()
                .map(|(wish, candidate)| Answer::Candidate { address: wish.address, candidate });
            if failed.is_empty() { Ok(answers.collect()) } else { Err(failed) }
        };
        let (read, looked, imported) = futures::join!(self.read(reads, recorded), looked, imported);
        collect(looked.into_iter().chain([read, imported]))
    }

    async fn read(&self, questions: Vec<Question>, recorded: &Recorded) -> Answers {
        let mut groups: BTreeMap<(String, usize), Group<'_>> = BTreeMap::new();
        let mut failed = Vec::new();
        let mut by_origin = BTreeMap::new();
        for question in questions {
            if let Question::Read { address, deposed, ty, origin, id } = question {
                let last = recorded.get(&address).filter(|last| last.id == id && last.ty == ty);
                let wanted = Wanted { address, deposed, id, last };
                by_origin.entry(origin).or_insert_with(Vec::new).push((ty, wanted));
            }
        }
        let clouds = join_all(by_origin.keys().map(|origin| self.connections.recorded(origin))).await;
        for (wanted, cloud) in by_origin.values().zip(clouds) {
            for (ty, wanted) in wanted {
                match (&cloud, self.registry.resource(ty)) {
                    (Ok(cloud), Some(resource)) => {
                        let key = (ty.clone(), Arc::as_ptr(cloud).addr());
                        let group = groups.entry(key).or_insert_with(|| Group {
                            resource: Arc::clone(resource),
                            cloud: Arc::clone(cloud),
                            wanted: Vec::new(),
                        });
                        group.wanted.push(wanted.clone());
                    }
                    (Err(error), _) => failed.push(unread(&wanted.address, error)),
                    (_, None) => {
                        failed.push(unread(
                            &wanted.address,
                            &CloudError::bug(format!("there is no type {ty}")),
                        ));
                    }
                }
            }
        }
        let groups: Vec<_> = groups.into_values().collect();
        let answers = join_all(groups.iter().flat_map(|group| {
            group.wanted.chunks(CHUNK).map(|wanted| self.read_chunk(&*group.resource, &*group.cloud, wanted))
        }))
        .await;
        collect(answers.into_iter().chain([if failed.is_empty() { Ok(Vec::new()) } else { Err(failed) }]))
    }

    async fn read_chunk(
        &self,
        resource: &dyn AnyResource,
        cloud: &dyn Cloud,
        wanted: &[Wanted<'_>],
    ) -> Answers {
        let known: Vec<_> = wanted.iter().map(Wanted::known).collect();
        let mut seen: Vec<_> = match self.patient_read(resource, cloud, &known).await {
            Ok(seen) => seen.into_iter().map(Ok).collect(),
            // One object spoils the call for the others: each alone, so that it is known which.
            Err(error) if known.len() > 1 && !passes(&error) => {
                let alone = |one| self.patient_read(resource, cloud, std::slice::from_ref(one));
                let each = join_all(known.iter().map(alone)).await;
                each.into_iter().map(|one| one.map(|mut seen| seen.pop().flatten())).collect()
            }
            Err(error) => return Err(wanted.iter().map(|w| unread(&w.address, &error)).collect()),
        };
        self.look_again(resource, cloud, &known, &mut seen).await;
        collect(wanted.iter().zip(seen).map(|(wanted, seen)| match seen {
            Ok(seen) => {
                let (address, deposed) = (wanted.address.clone(), wanted.deposed.clone());
                Ok(vec![Answer::Seen { address, deposed, seen }])
            }
            Err(error) => Err(vec![unread(&wanted.address, &error)]),
        }))
    }

    /// Looks at objects that are to be taken over: what was seen of each, and what could not be read.
    pub async fn candidates(&self, wishes: Vec<Wish>) -> (Vec<(Wish, Candidate)>, Vec<Unread>) {
        let (mut found, mut failed) = (Vec::new(), Vec::new());
        let mut questions = Vec::new();
        let mut origins = BTreeMap::new();
        for wish in wishes {
            if let Some(kept) = self.registry.resource(&wish.ty).and_then(|resource| resource.kept()) {
                let candidate = self.made_of(kept, &wish);
                found.push((wish, candidate));
                continue;
            }
            match self.connections.declared(&wish.provider).await {
                Ok(cloud) => {
                    let origin = cloud.origin().clone();
                    questions.push(Question::Read {
                        address: wish.address.clone(),
                        deposed: wish.deposed.clone(),
                        ty: wish.ty.clone(),
                        origin: origin.clone(),
                        id: wish.id.clone(),
                    });
                    origins.insert((wish.address.clone(), wish.deposed.clone()), (wish, origin));
                }
                Err(error) => failed.push(unread(&wish.address, &error)),
            }
        }
        // One by one where one of them spoils the others: the rest is worth having.
        let nothing = Recorded::new();
        let answers = match self.read(questions.clone(), &nothing).await {
            Ok(answers) => answers,
            Err(_) => {
                let alone = questions.into_iter().map(|question| self.read(vec![question], &nothing));
                let alone = join_all(alone).await;
                alone
                    .into_iter()
                    .flat_map(|one| one.unwrap_or_else(|why| (failed.extend(why), Vec::new()).1))
                    .collect()
            }
        };
        for answer in answers {
            if let Answer::Seen { address, deposed, seen } = answer
                && let Some((wish, origin)) = origins.remove(&(address, deposed))
            {
                let uid = stackr_state::adopted_uid(&wish.ty, &wish.id);
                found.push((wish.clone(), Candidate { id: wish.id, uid, origin, seen, why: None }));
            }
        }
        (found, failed)
    }

    /// The object that its type makes of the text of an import: state alone will hold it. Its uid says nothing of the
    /// text, which may be a secret.
    fn made_of(&self, kept: &dyn AnyKept, wish: &Wish) -> Candidate {
        let no_chance = || CloudError::invalid(&wish.ty, "the system gives no random bytes");
        let made = (self.moment)().ok_or_else(no_chance).and_then(|moment| kept.import(&wish.id, &moment));
        let (id, seen, why) = match made {
            Ok(AnyRecord { id, seen }) => (id, Some(seen), None),
            Err(error) => (Id::new(), None, Some(error.message().to_owned())),
        };
        Candidate { id, uid: stackr_state::new_salt(), origin: Origin::default(), seen, why }
    }

    /// "Not found" once is no proof: what is missing is looked for a second time.
    async fn look_again(
        &self,
        resource: &dyn AnyResource,
        cloud: &dyn Cloud,
        known: &[Known<'_>],
        seen: &mut [Result<Option<AnySeen>, CloudError>],
    ) {
        let missing: Vec<usize> = (0..known.len()).filter(|i| matches!(seen[*i], Ok(None))).collect();
        if missing.is_empty() || self.second_look.is_zero() {
            return;
        }
        sleep(self.second_look).await;
        let again: Vec<_> = missing.iter().map(|i| known[*i]).collect();
        if let Ok(found) = self.patient_read(resource, cloud, &again).await {
            for (i, found) in missing.into_iter().zip(found) {
                seen[i] = Ok(found);
            }
        }
    }

    async fn patient_read(
        &self,
        resource: &dyn AnyResource,
        cloud: &dyn Cloud,
        known: &[Known<'_>],
    ) -> Result<Vec<Option<AnySeen>>, CloudError> {
        let mut patience = self.patience(resource.schema().ty, known.len(), Arc::default());
        loop {
            let seen = resource.refresh(cloud, known).await.map(|seen| Box::new(seen) as Box<dyn Looks>);
            match checked(resource, seen, known.len()) {
                Ok(looks) => return Ok(all(looks)),
                Err(error) => patience.pause(error).await?,
            }
        }
    }

    async fn look(&self, ty: &str, provider: &str, args: &Value) -> Result<Value, CloudError> {
        let lookup = self.registry.lookup(ty);
        let lookup = lookup.ok_or_else(|| CloudError::bug(format!("there is no data type {ty}")))?;
        let cloud = self.connections.declared(provider).await?;
        let mut patience = self.patience(ty, ty.len(), secrets(lookup.schema().args.fields, args));
        loop {
            match lookup.read(&*cloud, args).await {
                Ok(value) => return Ok(value),
                Err(error) => patience.pause(error).await?,
            }
        }
    }

    /// A lookup that failed; what it was asked with may be secret.
    fn unlooked(&self, address: &Address, ty: &str, args: &Value, error: &CloudError) -> Unread {
        let mut unread = unread(address, error);
        if let Some(lookup) = self.registry.lookup(ty) {
            let secrets = secrets(lookup.schema().args.fields, args);
            unread.error.message = scrub(&secrets, &unread.error.message);
        }
        unread
    }

    fn patience<'r>(&'r self, ty: &'r str, stream: usize, hidden: Arc<[String]>) -> Pauses<'r> {
        let jitter = Jitter::new(self.seed, stream);
        Pauses { ty, hidden, told: self.told, backoff: Backoff::default(), began: Instant::now(), jitter }
    }
}

/// The pauses between the attempts of one read.
struct Pauses<'r> {
    /// The type that is read.
    ty: &'r str,
    /// What it is asked with and must not be shown.
    hidden: Arc<[String]>,
    told: &'r (dyn Fn(Event) + Send + Sync),
    backoff: Backoff,
    began: Instant,
    jitter: Jitter,
}

impl Pauses<'_> {
    async fn pause(&mut self, error: CloudError) -> Result<(), CloudError> {
        let since = self.began.elapsed();
        match self.backoff.next(Call::Read, error.kind(), Waits::INSTANT, since, &mut self.jitter) {
            Some(delay) => {
                let mut error = ErrorView::from(&error);
                error.message = scrub(&self.hidden, &error.message);
                (self.told)(Event::ReadRetrying { ty: self.ty.to_owned(), error, delay });
                sleep(delay).await;
                Ok(())
            }
            None => Err(error),
        }
    }
}

fn unread(address: &Address, error: &CloudError) -> Unread {
    Unread { address: address.clone(), error: ErrorView::from(error) }
}

/// All answers, or all that could not be read.
fn collect(all: impl IntoIterator<Item = Answers>) -> Answers {
    let (mut answers, mut failed) = (Vec::new(), Vec::new());
    for each in all {
        match each {
            Ok(some) => answers.extend(some),
            Err(some) => failed.extend(some),
        }
    }
    if failed.is_empty() { Ok(answers) } else { Err(failed) }
}

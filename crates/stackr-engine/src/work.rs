//! Work: turns a step of the program into a task, with real values for what the plan did not know.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use jiff::Timestamp;
use stackr_core::{
    AnyLookup, AnyResource, Cloud, Diagnostics, ErrorKind, Gone, Object, Status, Value, Waits,
};
use stackr_plan::{
    Resolver, StepId, Target, Values, Verb, Want, conforms, lacks, sealed_among, text_remedy, value,
};
use stackr_state::Entry;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    converge::{Amend, Earlier, Ensure, Maker, await_usable, ensure, plan_again, update},
    event::ErrorView,
    expected::Expected,
    intents::Intended,
    keep::{self, Keep},
    poller::Poller,
    random::Jitter,
    remove::remove,
    retry::{Backoff, Call},
    seals::Seals,
    site::{Ended, Halt, Patience, Report, Site, Until, scrub, secrets},
};

/// What a step acts on.
pub(crate) enum Ground {
    /// An object.
    Object { resource: Arc<dyn AnyResource>, cloud: Arc<dyn Cloud>, poller: Poller, expected: Expected },
    /// Data.
    Data { lookup: Arc<dyn AnyLookup>, cloud: Arc<dyn Cloud> },
}

/// What all tasks of a run share.
pub(crate) struct Shop {
    pub(crate) grounds: BTreeMap<StepId, Ground>,
    /// The steps that a create waits for.
    pub(crate) succeeded: BTreeSet<StepId>,
    pub(crate) reports: mpsc::UnboundedSender<(StepId, Report)>,
    pub(crate) stop: CancellationToken,
    /// Until when the lease lasts.
    pub(crate) lasts: watch::Receiver<Instant>,
    pub(crate) seed: u64,
    pub(crate) label: String,
    pub(crate) patience: Patience,
    pub(crate) until: Until,
    /// When something of an earlier run was last heard of, and what the time was at the start of this one.
    pub(crate) earlier: Option<Timestamp>,
    pub(crate) now: Timestamp,
    pub(crate) began: Instant,
    pub(crate) seals: Arc<Seals>,
    /// The chance that each object without a cloud is made with.
    pub(crate) seeds: BTreeMap<StepId, [u8; 32]>,
}

/// A task, ready to run; or, where there is nothing to wait for, its end.
pub(crate) enum Task {
    Run(BoxFuture<'static, Ended>),
    Over(Box<Ended>),
}

/// What a task is made from.
pub(crate) struct Order<'a> {
    pub(crate) step: StepId,
    pub(crate) program: &'a stackr_plan::Program,
    pub(crate) resolver: Option<&'a Resolver<'a>>,
    pub(crate) values: &'a Values,
    pub(crate) intended: Option<Intended>,
    pub(crate) awaited: bool,
}

impl Shop {
    /// The task of a step.
    pub(crate) fn task(&self, order: Order<'_>) -> Task {
        self.prepare(order).unwrap_or_else(|halt| Task::Over(Box::new(Ended::halted(halt, Vec::new()))))
    }

    fn prepare(&self, mut order: Order<'_>) -> Result<Task, Halt> {
        let intended = order.intended.take();
        let order = &order;
        let step = &order.program.steps[order.step.0];
        Ok(match &step.verb {
            Verb::Create { declared, want: planned, deposes } => {
                let want = resolve(order, declared, planned, None)?;
                let intended = intended.ok_or_else(|| Halt::new("bug", "a create without an intent"))?;
                let mut site = self.site(order, Some(&want.args))?;
                site.waits = patient(site.waits, &want.terms.timeouts, "create");
                if site.resource.kept().is_some() {
                    return Ok(Task::Run(Box::pin(keep::keep(
                        site,
                        self.keep(order, intended, want, (declared, *deposes))?,
                    ))));
                }
                let task = Ensure {
                    want,
                    target: declared.clone(),
                    intent: intended.intent,
                    earlier: intended.earlier.then(|| Earlier {
                        until: self.began
                            + crate::intents::patience_left(
                                self.patience.earlier_run,
                                self.earlier,
                                self.now,
                            ),
                        instead: intended.instead,
                    }),
                    deposes: *deposes,
                    label: self.label.clone(),
                };
                Task::Run(Box::pin(ensure(site, task)))
            }
            Verb::Update { declared, want: planned, object, seen } => {
                let want = resolve(order, declared, planned, Some(seen))?;
                let mut site = self.site(order, Some(&want.args))?;
                site.waits = patient(site.waits, &want.terms.timeouts, "update");
                let (object, seen) = ((**object).clone(), (**seen).clone());
                if site.resource.kept().is_some() {
                    return Ok(Task::Run(Box::pin(keep::change(site, want, declared.clone(), object, seen))));
                }
                let task = Amend { want, target: declared.clone(), object, seen };
                Task::Run(Box::pin(update(site, task)))
            }
            Verb::Record { declared, want: planned, object: last, seen } => {
                let want = resolve(order, declared, planned, Some(seen))?;
                let mut site = self.site(order, Some(&want.args))?;
                if matches!(seen.status, Status::Pending(_)) {
                    site.waits = patient(site.waits, &want.terms.timeouts, "create");
                    let (object, seen) = ((**last).clone(), (**seen).clone());
                    let task = Amend { want, target: declared.clone(), object, seen };
                    return Ok(Task::Run(Box::pin(await_usable(site, task))));
                }
                let maker = Maker { target: declared, uid: &last.uid };
                let object = keep::recorded(&site, maker, &want, (&last.id, seen), Some(last))?;
                let entry = Entry::Done { address: step.address.clone(), object: Box::new(object) };
                let mut ended = Ended::done(vec![entry]);
                ended.id = Some(last.id.clone());
                ended.value = Some(value(site.resource.schema(), &want.declared, seen));
                Task::Over(Box::new(ended))
            }
            Verb::Delete { object, deposed, with: Some(_) } | Verb::Forget { object, deposed } => {
                Task::Over(Box::new(forget(&step.address, object, *deposed)))
            }
            Verb::Delete { object, .. } => {
                let (mut site, object) = (self.site(order, None)?, (**object).clone());
                site.waits = patient(site.waits, &object.timeouts, "delete");
                if site.waits.gone == Gone::AtOnce && self.succeeded.contains(&order.step) {
                    site.waits.gone = Gone::Later;
                }
                match site.resource.kept() {
                    Some(_) => Task::Run(Box::pin(keep::remove(site, object))),
                    None => Task::Run(Box::pin(remove(site, object))),
                }
            }
            Verb::Read { declared } => self.look_up(order, declared)?,
        })
    }

    /// The task of making an object without a cloud.
    fn keep(
        &self,
        order: &Order<'_>,
        intended: Intended,
        want: Want,
        (target, deposes): (&Target, bool),
    ) -> Result<Keep, Halt> {
        let seed = self.seeds.get(&order.step).ok_or_else(|| Halt::new("bug", "a create without a seed"))?;
        let elapsed = jiff::SignedDuration::try_from(self.began.elapsed()).unwrap_or_default();
        Ok(Keep {
            want,
            target: target.clone(),
            intent: intended.intent,
            instead: intended.instead,
            deposes,
            seed: *seed,
            now: self.now.checked_add(elapsed).unwrap_or(self.now),
        })
    }

    fn site(&self, order: &Order<'_>, args: Option<&Value>) -> Result<Site, Halt> {
        let Some(Ground::Object { resource, cloud, poller, expected }) = self.grounds.get(&order.step) else {
            return Err(Halt::new("bug", "a step without a type"));
        };
        Ok(Site {
            step: order.step,
            address: order.program.steps[order.step.0].address.clone(),
            resource: Arc::clone(resource),
            cloud: Arc::clone(cloud),
            poller: poller.clone(),
            reports: self.reports.clone(),
            stop: self.stop.clone(),
            lasts: self.lasts.clone(),
            jitter: Jitter::new(self.seed, order.step.0),
            secrets: args.map_or_else(|| Arc::from([]), |args| secrets(resource.schema().args.fields, args)),
            seals: Arc::clone(&self.seals),
            patience: self.patience,
            until: if waits_until_steady(args) { Until::Steady } else { self.until },
            awaited: order.awaited,
            waits: resource.waits(),
            expected: *expected,
        })
    }

    /// The task of looking up data.
    fn look_up(&self, order: &Order<'_>, target: &Target) -> Result<Task, Halt> {
        let address = &order.program.steps[order.step.0].address;
        let Some(Ground::Data { lookup, cloud }) = self.grounds.get(&order.step) else {
            return Err(Halt::new("bug", "a step without a type"));
        };
        let found = resolver(order)?.query(address, target, order.values);
        let (args, terms) = found.map_err(|d| declaration(&d))?;
        if !args.is_wholly_known() {
            return Err(plan_again("its arguments refer to something that is not there yet"));
        }
        let (lookup, cloud) = (Arc::clone(lookup), Arc::clone(cloud));
        let (reports, stop, step) = (self.reports.clone(), self.stop.clone(), order.step);
        let mut jitter = Jitter::new(self.seed, step.0);
        let waits = patient(Waits::INSTANT, &terms.timeouts, "read");
        let hidden = secrets(lookup.schema().args.fields, &args);
        let late = self.patience.late_report;
        Ok(Task::Run(Box::pin(async move {
            let (began, mut backoff) = (Instant::now(), Backoff::default());
            loop {
                let error = match lookup.read(&*cloud, &args).await {
                    Ok(outputs) => {
                        let mut ended = Ended::done(Vec::new());
                        ended.value = Some(merged(&args, &outputs));
                        return ended;
                    }
                    Err(error) => error,
                };
                let since = began.elapsed();
                let mut view = ErrorView::from(&error);
                view.message = scrub(&hidden, &view.message);
                // What it looks for may have been made by this run, and is not visible yet.
                let kind = match error.kind() {
                    ErrorKind::Invalid | ErrorKind::NotFound if since < late => ErrorKind::Propagating,
                    kind => kind,
                };
                let Some(delay) = backoff.next(Call::Read, kind, waits, since, &mut jitter) else {
                    return Ended::halted(Halt::failed(view), Vec::new());
                };
                drop(reports.send((step, Report::Retrying { error: view, delay })));
                tokio::select! {
                    () = sleep(delay) => {}
                    () = stop.cancelled() => return Ended::halted(Halt::Left, Vec::new()),
                }
            }
        })))
    }
}

/// How long an operation is waited for: as the user says, else as the type does.
fn patient(waits: Waits, timeouts: &BTreeMap<String, u64>, operation: &str) -> Waits {
    let Some(said) = timeouts.get(operation).map(|ms| Duration::from_millis(*ms)) else { return waits };
    match operation {
        "delete" => Waits { delete: said, ..waits },
        _ => Waits { create: said, ..waits },
    }
}

fn forget(address: &stackr_core::Address, object: &Object, deposed: bool) -> Ended {
    let (address, uid) = (address.clone(), object.uid.clone());
    let entry =
        if deposed { Entry::DeposedDeleted { address, uid } } else { Entry::Deleted { address, uid } };
    let mut ended = Ended::done(vec![entry]);
    ended.id = Some(object.id.clone());
    ended
}

/// What references to data see: arguments and outputs.
fn merged(args: &Value, outputs: &Value) -> Value {
    let mut object = args.attributes().cloned().unwrap_or_default();
    object.extend(outputs.attributes().cloned().unwrap_or_default());
    Value::Object(object)
}

/// Whether the object itself asks to be waited for until nothing of it moves (the provider's word for it).
fn waits_until_steady(args: Option<&Value>) -> bool {
    args.and_then(|args| args.get("wait_for_steady_state")) == Some(&Value::Bool(true))
}

fn resolver<'a>(order: &Order<'a>) -> Result<&'a Resolver<'a>, Halt> {
    order
        .resolver
        .ok_or_else(|| Halt::new("bug", "a step that needs the declaration, which there is none of"))
}

/// What is wanted, from real values; it must be what the plan said.
fn resolve(
    order: &Order<'_>,
    target: &Target,
    planned: &Value,
    seen: Option<&stackr_core::AnySeen>,
) -> Result<Want, Halt> {
    let address = &order.program.steps[order.step.0].address;
    let want = resolver(order)?.want(address, target, seen, order.values).map_err(|d| declaration(&d))?;
    known(order, target, address, &want.args)?;
    if let Err(difference) = conforms(planned, &want.args) {
        let (path, planned, real) = *difference;
        let root = path.root().unwrap_or_default();
        let hidden = want.args.get(root).is_some_and(Value::has_sensitive) || is_secret(order, root);
        let message = if hidden {
            format!("the plan said another value for {path} than it is now")
        } else {
            format!("the plan said {path} = {}, but it is {}", planned.to_json(), real.to_json())
        };
        return Err(plan_again(message));
    }
    Ok(want)
}

fn is_secret(order: &Order<'_>, argument: &str) -> bool {
    let ty = order.program.steps[order.step.0].address.ty();
    let resource = order.resolver.and_then(|r| r.registry.resource(ty));
    resource.and_then(|r| r.schema().args.field(argument)).is_some_and(|field| field.secret)
}

/// During apply everything a started step refers to is real; only of secrets that were made by an earlier run, and
/// recorded without a key, the text is not known.
fn known(
    order: &Order<'_>,
    target: &Target,
    address: &stackr_core::Address,
    args: &Value,
) -> Result<(), Halt> {
    let resource = order.resolver.and_then(|resolver| resolver.registry.resource(address.ty()));
    let resource = resource.ok_or_else(|| Halt::new("bug", "a step without a type"))?;
    let (names, needed) = lacks(&**resource, args);
    if !needed {
        return Ok(());
    }
    let sealed = sealed_among(&target.depends_on, order.values);
    if !sealed.is_empty() {
        return Err(Halt::new("sealed", format!("{}: {}", names.join(", "), text_remedy(&sealed))));
    }
    Err(plan_again(format!("{} refers to something that is not there yet", names.join(", "))))
}

fn declaration(diagnostics: &Diagnostics) -> Halt {
    Halt::failed(ErrorView::from(diagnostics))
}

#[cfg(test)]
mod tests {
    use stackr_core::{Address, ResourceExt as _, Stack};
    use stackr_plan::{Program, Step};

    use super::*;
    use crate::fake::{Fake, Network};

    #[test]
    fn a_step_does_nothing_that_the_plan_did_not_say() {
        let mut stack = Stack::new("one");
        stack.add("a", Network::args().range("10.0").password("hunter2-secret"));
        let (registry, providers) = (Fake::registry(), BTreeMap::new());
        let resolver = Resolver { declaration: &stack, registry: &registry, providers: &providers };
        let target = Target {
            block: 0,
            provider: String::new(),
            depends_on: Vec::new(),
            prevent_destroy: false,
            create_before_destroy: false,
        };
        let address = Address::root("fake_network", "a");
        let verb = Verb::Read { declared: target.clone() };
        let program = Program { steps: vec![Step { address: address.clone(), verb }], ..Program::default() };
        let values = Values::default();
        let order = Order {
            step: StepId(0),
            program: &program,
            resolver: Some(&resolver),
            values: &values,
            intended: None,
            awaited: false,
        };
        let real = resolver.want(&address, &target, None, &values).unwrap();
        let check = |argument: &str, planned: Value, expected: Option<&str>| {
            let mut args = real.args.attributes().unwrap().clone();
            args.insert(argument.to_owned(), planned);
            let found = match resolve(&order, &target, &Value::Object(args), None) {
                Ok(_) => None,
                Err(Halt::Failed(error)) => Some((error.kind.clone(), error.message)),
                Err(Halt::Left) => panic!("left"),
            };
            assert_eq!(found, expected.map(|message| ("plan".to_owned(), message.to_owned())));
        };
        check("range", "10.0".into(), None);
        check("range", Value::UNKNOWN, None);
        check("range", "9.0".into(), Some(r#"the plan said range = "9.0", but it is "10.0""#));
        check("password", "x".into(), Some("the plan said another value for password than it is now"));
    }
}

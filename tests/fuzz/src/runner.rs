//! Runs executions in a thread with the stack that threads of the product have, and watches the time of each.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::Target;

/// An execution that takes longer hangs.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The stack of a thread of the runtime, which is the smallest that sources and state are read on.
const STACK: usize = 2 * 1024 * 1024;

/// What is wrong with an input.
#[derive(Clone, Debug)]
pub struct Found {
    /// The input.
    pub input: Vec<u8>,
    /// What happened: the panic's message, or that it hangs.
    pub what: String,
}

/// How far the executions are.
#[derive(Debug, Default)]
pub struct Progress {
    /// The executions that ended.
    pub done: AtomicU64,
    /// Those whose input was accepted.
    pub accepted: AtomicU64,
}

struct Watch {
    now: Mutex<Option<(Instant, Vec<u8>)>>,
    over: AtomicBool,
}

/// Executes a target on inputs, until one of them is wrong. The thread of one that hangs is left behind.
pub fn execute(
    target: &'static Target,
    inputs: impl Iterator<Item = Vec<u8>> + Send + 'static,
    progress: &Arc<Progress>,
) -> Option<Found> {
    let watch = Arc::new(Watch { now: Mutex::new(None), over: AtomicBool::new(false) });
    let (watched, counted) = (Arc::clone(&watch), Arc::clone(progress));
    let work = move || {
        for input in inputs {
            *watched.now.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((Instant::now(), input.clone()));
            match panic::catch_unwind(AssertUnwindSafe(|| (target.run)(&input))) {
                Ok(accepted) => {
                    counted.done.fetch_add(1, Ordering::Relaxed);
                    counted.accepted.fetch_add(accepted.into(), Ordering::Relaxed);
                }
                Err(why) => {
                    let text = why.downcast_ref::<String>().cloned();
                    let text = text.or_else(|| why.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                    watched.over.store(true, Ordering::Release);
                    return Some(Found { input, what: text.unwrap_or_else(|| "a panic".to_owned()) });
                }
            }
        }
        watched.over.store(true, Ordering::Release);
        None
    };
    let worker = thread::Builder::new().stack_size(STACK).name(target.name.to_owned()).spawn(work).ok()?;
    while !watch.over.load(Ordering::Acquire) {
        thread::sleep(Duration::from_millis(20));
        let now = watch.now.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, input)) = &*now
            && since.elapsed() > LIMIT
            && !watch.over.load(Ordering::Acquire)
        {
            return Some(Found { input: input.clone(), what: format!("it takes longer than {LIMIT:?}") });
        }
        drop(now);
    }
    worker.join().ok().flatten()
}

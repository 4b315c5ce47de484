//! A proxy between any client of AWS and an emulator, that does to calls what networks and AWS do.
//!
//! It is made of threads and blocking sockets: it serves a handful of connections, and a server of the AWS SDK's own
//! HTTP library would be another build of the whole SDK.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    counts::Counts,
    faults::{Dice, Fate, Faults},
    message::{Request, Response},
    protocol::Call,
    refusal::{failed, in_use, throttled},
    slow::{Model, Slow},
    young::Young,
};

/// Where a call that changes something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It has not been sent on.
    Before,
    /// AWS has done it, and has not been heard.
    After,
}

/// What becomes of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Go,
    /// The connection is closed: the caller learns nothing.
    Cut,
}

/// A call that changes something, on its way.
#[derive(Clone, Copy, Debug)]
pub struct Mutation<'a> {
    /// One more than the one before; the first is 1.
    pub number: u64,
    /// What it is.
    pub call: &'a Call,
    /// Where it is.
    pub moment: Moment,
}

/// Is asked about every call that changes something, before and after it works.
pub type Hook = dyn Fn(&Mutation<'_>) -> Verdict + Send + Sync;

/// How a proxy is made.
#[derive(Default)]
pub struct ProxyOptions {
    /// Where to listen: `127.0.0.1:0`, a free port, if empty.
    pub listen: String,
    /// What is done to calls.
    pub faults: Faults,
    /// How slow AWS is, if it is modelled.
    pub slow: Option<Slow>,
    /// Who is asked about calls that change something.
    pub hook: Option<Box<Hook>>,
    /// Where every call is noted, a line of JSON each.
    pub log: Option<File>,
}

/// A proxy that runs until it is dropped.
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    upstream: String,
    options: ProxyOptions,
    started: Instant,
    closed: AtomicBool,
    state: Mutex<State>,
    idle: Condvar,
}

struct State {
    counts: Counts,
    dice: Dice,
    young: Young,
    model: Option<Model>,
    /// When a delete was first asked for.
    deletes: BTreeMap<(String, Vec<u8>), Instant>,
    mutations: u64,
    in_flight: usize,
}

/// What became of a call.
enum Outcome {
    Answered(Response),
    Dropped(&'static str),
}

impl Proxy {
    /// Starts one in front of `upstream`, `http://HOST:PORT`.
    ///
    /// # Errors
    /// It cannot listen there.
    pub fn start(upstream: &str, options: ProxyOptions) -> io::Result<Self> {
        let listen = if options.listen.is_empty() { "127.0.0.1:0" } else { &options.listen };
        let listener = TcpListener::bind(listen)?;
        let address = listener.local_addr()?;
        let upstream = upstream.strip_prefix("http://").unwrap_or(upstream).trim_end_matches('/').to_owned();
        let state = State {
            counts: Counts::default(),
            dice: Dice::new(options.faults.seed),
            young: Young::default(),
            model: options.slow.map(Model::new),
            deletes: BTreeMap::new(),
            mutations: 0,
            in_flight: 0,
        };
        let shared = Arc::new(Shared {
            upstream,
            options,
            started: Instant::now(),
            closed: AtomicBool::new(false),
            state: Mutex::new(state),
            idle: Condvar::new(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener));
        Ok(Self { shared, address })
    }

    /// The URL that it answers on.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was called so far, whatever became of it.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.state().counts.clone()
    }

    /// How many calls that change something were let through so far.
    #[must_use]
    pub fn mutations(&self) -> u64 {
        self.shared.state().mutations
    }

    /// Waits until no call is on its way.
    pub fn settle(&self) {
        let state = self.shared.state();
        let busy = |state: &mut State| state.in_flight > 0;
        drop(self.shared.idle.wait_while(state, busy).unwrap_or_else(PoisonError::into_inner));
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        // Whoever waits for a connection gets one, and sees that it is over.
        drop(TcpStream::connect(self.address));
    }
}

impl State {
    /// The answer as it is seen now, after it was noted.
    fn seen(
        &mut self,
        call: &Call,
        request: &Request,
        response: Response,
        before: Option<Response>,
        faults: &Faults,
    ) -> Response {
        let now = Instant::now();
        self.young.note(call, request, &response, now);
        let response = match &mut self.model {
            Some(model) => {
                model.note(call, request, &response, before, now);
                model.filter(call, request, response, now)
            }
            None => response,
        };
        self.young.filter(call, response, faults, now)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.closed.load(Ordering::Relaxed) {
                return;
            }
            let Ok(client) = client else { continue };
            let serving = Arc::clone(self);
            // It ends with the connection; a broken one is the client's affair.
            thread::spawn(move || drop(serving.serve(client)));
        }
    }

    /// Answers the requests of a connection, one after the other.
    fn serve(&self, client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let mut reply = client.try_clone()?;
        let mut requests = BufReader::new(client);
        while let Some(request) = Request::read(&mut requests, &mut reply)? {
            let (call, began) = (Call::of(&request), Instant::now());
            self.state().in_flight += 1;
            let outcome = self.pass(&call, &request);
            self.state().in_flight -= 1;
            self.idle.notify_all();
            self.log(&call, &outcome, began.elapsed());
            match outcome {
                Outcome::Answered(response) => response.write(&mut reply, &request.method)?,
                Outcome::Dropped(_) => return Ok(()),
            }
        }
        Ok(())
    }

    fn pass(&self, call: &Call, request: &Request) -> Outcome {
        let faults = &self.options.faults;
        self.state().counts.add(call);
        if !faults.latency.is_zero() {
            thread::sleep(faults.latency);
        }
        let fate = self.state().dice.roll(faults, call, self.started.elapsed());
        match fate {
            Fate::Throttled => return Outcome::Answered(throttled(call)),
            Fate::Failed { status, worked: false } => return Outcome::Answered(failed(call, status)),
            _ => {}
        }
        if let Some(refusal) = self.refusal(call, request) {
            return Outcome::Answered(refusal);
        }
        let number = call.mutates().then(|| {
            let mut state = self.state();
            state.mutations += 1;
            state.mutations
        });
        if self.ask(call, number, Moment::Before) == Verdict::Cut {
            return Outcome::Dropped("cut");
        }
        let wanted = self.state().model.as_ref().and_then(|model| model.before(call, request));
        let before = wanted.and_then(|read| self.forward(&read).ok());
        let Ok(response) = self.forward(request) else { return Outcome::Dropped("unreachable") };
        let response = self.state().seen(call, request, response, before, faults);
        if self.ask(call, number, Moment::After) == Verdict::Cut || fate == Fate::Lost {
            return Outcome::Dropped("lost");
        }
        match fate {
            Fate::Failed { status, .. } => Outcome::Answered(failed(call, status)),
            _ => Outcome::Answered(response),
        }
    }

    /// The refusal of what is too young, or in use.
    fn refusal(&self, call: &Call, request: &Request) -> Option<Response> {
        let (faults, now) = (&self.options.faults, Instant::now());
        let mut state = self.state();
        // State that is kept in a bucket is no infrastructure.
        if call.deletes() && call.operation != "DeleteObject" && !faults.in_use.is_zero() {
            let what = (request.target.clone(), request.body.clone());
            let first = *state.deletes.entry(what).or_insert(now);
            if now.duration_since(first) < faults.in_use {
                return Some(in_use(call));
            }
        }
        let slow = state.model.as_ref().and_then(|model| model.refusal(call, request, now));
        slow.or_else(|| state.young.refusal(call, request, faults, now))
    }

    fn ask(&self, call: &Call, number: Option<u64>, moment: Moment) -> Verdict {
        let Some(number) = number else { return Verdict::Go };
        let faults = &self.options.faults;
        let cut = match moment {
            Moment::Before => faults.cut_at,
            Moment::After => faults.lost_at,
        };
        match &self.options.hook {
            _ if cut == Some(number) => Verdict::Cut,
            Some(hook) => hook(&Mutation { number, call, moment }),
            None => Verdict::Go,
        }
    }

    fn forward(&self, request: &Request) -> io::Result<Response> {
        let mut upstream = TcpStream::connect(&self.upstream)?;
        upstream.set_nodelay(true)?;
        request.write(&mut upstream)?;
        Response::read(&mut BufReader::new(upstream), &request.method)
    }

    fn log(&self, call: &Call, outcome: &Outcome, took: Duration) {
        let Some(mut log) = self.options.log.as_ref() else { return };
        let what = match outcome {
            Outcome::Answered(response) => json!(response.status),
            Outcome::Dropped(why) => json!(why),
        };
        let at = self.started.elapsed().as_millis();
        let line = json!({ "at": at, "call": call.to_string(), "outcome": what, "ms": took.as_millis() });
        // A log that cannot be written does not change what is tested.
        drop(log.write_all(format!("{line}\n").as_bytes()));
    }
}

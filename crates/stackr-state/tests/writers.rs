//! Two writers: many processes work on one state, and some of them are paused past their lease, or killed.
//!
//! `cargo test -p stackr-state --test writers -- --rounds 50 --seed 7 --writers 8` runs fifty rounds in a directory;
//! with `--features s3` and `--s3` they run in a bucket of the emulator. An ordinary test run does a few.
//!
//! Every writer is a process of its own: this program again, with `write` as its first argument. It opens sessions,
//! commits, and writes down what it was told is durable. After every round the state must hold
//! - every commit that was acknowledged, whoever was killed when (*nothing is lost*);
//! - a counter that every commit raises by one, which equals the number of commits (*no update is overwritten*);
//! - and the acknowledged parts of one session are in a row, each number given to one session only (*no two winners, and
//!   no write of a session that was taken over*).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and this one is a program"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::Write as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, LazyLock},
    thread,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use stackr_core::{Address, Origin, Value};
use stackr_state::{
    Activity, Claim, Entry, Error, Intent, Local, Outcome, Output, Owner, Session, StackName, Store, peek,
};

type Handle = Arc<dyn Store>;

/// How long a lease lasts here: rounds are to be short.
const TERM: Duration = Duration::from_millis(400);
/// How long the writers of a round work.
const ROUND: Duration = Duration::from_millis(1500);

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [word, place, id, seed] = &arguments[..]
        && word == "write"
    {
        return write(&store(place), place, id, seed.parse().unwrap());
    }
    let number = |flag: &str, default: u64| {
        let at = arguments.iter().position(|a| a == flag);
        at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(default)
    };
    // As every test program, it lists what it has and does only what is asked for.
    let mut filters = arguments.iter().filter(|a| !a.starts_with('-') && a.parse::<u64>().is_err());
    if arguments.iter().any(|a| a == "--list")
        || filters.next().is_some_and(|f| !"writers".contains(f.as_str()))
    {
        return;
    }
    let (rounds, seed, writers) = (number("--rounds", 5), number("--seed", 1), number("--writers", 8));
    #[cfg(feature = "s3")]
    if arguments.iter().any(|a| a == "--s3") {
        return in_s3(rounds, seed, writers);
    }
    let directory = tempfile::tempdir().unwrap();
    tell(run(&directory.path().display().to_string(), directory.path(), rounds, seed, writers));
}

/// S3's client needs a runtime around its futures.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> =
        LazyLock::new(|| tokio::runtime::Runtime::new().unwrap());
    RUNTIME.block_on(future)
}

fn name() -> StackName {
    StackName::new("dev", "base")
}

/// The store of a place: `http://host:port#bucket` or a directory.
fn store(place: &str) -> Handle {
    #[cfg(feature = "s3")]
    if let Some((endpoint, bucket)) = place.split_once('#') {
        let client = bucket_client(endpoint.to_owned());
        return Arc::new(stackr_state::s3::S3::directory(client, bucket, "writers", &name()).unwrap());
    }
    Arc::new(Local::directory(Path::new(place), &name()).unwrap())
}

#[cfg(feature = "s3")]
fn bucket_client(endpoint: String) -> aws_sdk_s3::Client {
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .retry_config(RetryConfig::standard());
    aws_sdk_s3::Client::from_conf(config.build())
}

#[cfg(feature = "s3")]
fn in_s3(rounds: u64, seed: u64, writers: u64) {
    use stackr_local::{Config, Emulator, Options};
    let cache_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("local-aws");
    let emulator = Emulator::ephemeral(&Config { cache_dir, python: None }, Options::default()).unwrap();
    let client = bucket_client(emulator.endpoint());
    let encryption = stackr_state::s3::Encryption::Aes256;
    block_on(stackr_state::s3::bootstrap(&client, "two-writers", "eu-west-1", &encryption)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let place = format!("{}#two-writers", emulator.endpoint());
    tell(run(&place, directory.path(), rounds, seed, writers));
}

/// What the rounds saw.
#[derive(Debug, Default)]
struct Seen {
    rounds: u64,
    paused: u64,
    killed: u64,
    acknowledged: usize,
    sessions: usize,
    fenced: usize,
    interrupted: usize,
}

fn tell(seen: Seen) {
    let Seen { rounds, paused, killed, acknowledged, sessions, fenced, interrupted } = seen;
    println!(
        "{rounds} rounds: {sessions} sessions, {acknowledged} commits acknowledged and found, {paused} pauses, \
         {killed} kills, {fenced} fenced, {interrupted} runs recovered: none lost, no two winners"
    );
    assert!(acknowledged > 0 && paused > 0 && killed > 0);
}

/// Numbers from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// The processes of a round. Whatever happens, none is left behind.
struct Writers(Vec<Child>);

impl Drop for Writers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn run(place: &str, acks: &Path, rounds: u64, seed: u64, writers: u64) -> Seen {
    let mut seen = Seen::default();
    let store = store(place);
    for round in 0..rounds {
        let mut random = Random(seed.wrapping_mul(1_000_003).wrapping_add(round));
        let mut all = Writers(Vec::new());
        for writer in 0..writers {
            let file = acks.join(format!("acks-{round}-{writer}"));
            let mut command = Command::new(env::current_exe().unwrap());
            command.args(["write", place, &format!("{round}-{writer}"), &random.below(u64::MAX).to_string()]);
            command.stdout(fs::File::create(file).unwrap()).stderr(Stdio::inherit());
            all.0.push(command.spawn().unwrap());
        }
        let mut killed = BTreeSet::new();
        torment(&mut all, &mut random, &mut seen, &mut killed);
        for (n, child) in all.0.iter_mut().enumerate() {
            let status = child.wait().unwrap();
            assert!(status.success() || killed.contains(&n), "round {round}, writer {n}: {status}");
        }
        check(&store, acks, &mut seen, round);
        seen.rounds += 1;
    }
    seen
}

/// Pauses and kills processes at random until the round is over.
fn torment(all: &mut Writers, random: &mut Random, seen: &mut Seen, killed: &mut BTreeSet<usize>) {
    let signal = |child: &Child, signal: &str| {
        drop(Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status());
    };
    let began = Instant::now();
    let mut paused: BTreeMap<usize, Instant> = BTreeMap::new();
    while began.elapsed() < ROUND {
        let awake: Vec<_> =
            paused.iter().filter(|(_, until)| Instant::now() >= **until).map(|(n, _)| *n).collect();
        for n in awake {
            paused.remove(&n);
            signal(&all.0[n], "-CONT");
        }
        let n = usize::try_from(random.below(all.0.len() as u64)).unwrap();
        if !killed.contains(&n) && !paused.contains_key(&n) {
            match random.below(10) {
                0..4 => {
                    signal(&all.0[n], "-STOP");
                    paused.insert(n, Instant::now() + Duration::from_millis(50 + random.below(900)));
                    seen.paused += 1;
                }
                // Half of them at least live to the end.
                4 if killed.len() * 2 < all.0.len() => {
                    drop(all.0[n].kill());
                    killed.insert(n);
                    seen.killed += 1;
                }
                _ => {}
            }
        }
        thread::sleep(Duration::from_millis(20 + random.below(40)));
    }
    for n in paused.keys() {
        signal(&all.0[*n], "-CONT");
    }
}

/// What a round must leave.
fn check(store: &Handle, acks: &Path, seen: &mut Seen, round: u64) {
    let peek = block_on(peek(&**store, &name(), Timestamp::now())).expect("the state is usable");
    let found: BTreeSet<String> = peek.state.objects.keys().map(|a| a.block.name.clone()).collect();
    seen.interrupted += usize::from(matches!(peek.activity, Activity::Interrupted(_)));
    let counter = peek.state.outputs.get("counter").map_or(0, counted);
    assert_eq!(counter, i64::try_from(found.len()).unwrap(), "round {round}: an update was overwritten");
    let mut files: Vec<_> = fs::read_dir(acks).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|file| file.file_name().unwrap().to_string_lossy().starts_with("acks-"));
    let (mut parts, mut acknowledged, mut fenced) = (BTreeMap::new(), BTreeSet::new(), 0);
    for line in files
        .iter()
        .flat_map(|file| fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
    {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["ack", run, number, key] => {
                let before = parts.insert(number.parse::<u64>().unwrap(), run.to_owned());
                assert_eq!(before, None, "round {round}: part {number} was given to two");
                acknowledged.insert(key.to_owned());
            }
            ["fenced", ..] => fenced += 1,
            // A process was killed while it wrote the line, after the commit.
            _ => {}
        }
    }
    let lost: Vec<_> = acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "round {round}: lost {lost:?}");
    // In the order of parts, a session that has been followed by another does not come again.
    let mut over = BTreeSet::new();
    let mut last: Option<&String> = None;
    for run in parts.values() {
        if last != Some(run) {
            over.extend(last);
            assert!(!over.contains(run), "round {round}: {run} wrote after it was taken over");
            last = Some(run);
        }
    }
    (seen.acknowledged, seen.fenced) = (acknowledged.len(), fenced);
    seen.sessions = parts.values().collect::<BTreeSet<_>>().len();
}

fn counted(output: &Output) -> i64 {
    output.value().to_text().and_then(|text| text.parse().ok()).unwrap_or(-1)
}

/// One writer: sessions until the round is over.
fn write(store: &Handle, place: &str, id: &str, seed: u64) {
    let mut random = Random(seed);
    let began = Instant::now();
    let mut number = 0;
    while began.elapsed() < ROUND {
        number += 1;
        let run = format!("{id}-{number}");
        match session(store, &run, &mut random) {
            Ok(()) => {}
            Err(Error::Held { .. } | Error::Raced { .. }) => {}
            // It stops at once, and says who goes on.
            Err(error @ Error::Fenced { .. }) => {
                assert!(error.to_string().contains("took over"), "{error}");
                line(&format!("fenced {run}"));
            }
            Err(other) => panic!("{run} at {place}: {other} ({other:?})"),
        }
        thread::sleep(Duration::from_millis(5 + random.below(40)));
    }
}

/// Opens, commits some times, and finishes, or leaves the journal to the next.
fn session(store: &Handle, run: &str, random: &mut Random) -> Result<(), Error> {
    let claim = Claim {
        name: name(),
        run: run.to_owned(),
        command: format!("apply base, as {run}"),
        owner: Owner { user: "ann".to_owned(), host: "box".to_owned(), pid: std::process::id() },
        term: SignedDuration::try_from(TERM).unwrap(),
    };
    let mut session = block_on(Session::open(Arc::clone(store), claim, Timestamp::now()))?;
    let mut renewed = Instant::now();
    for step in 0..1 + random.below(6) {
        thread::sleep(Duration::from_millis(random.below(60)));
        if renewed.elapsed() > TERM / 3 {
            block_on(session.renew(Timestamp::now()))?;
            renewed = Instant::now();
        }
        let key = format!("w{run}-{step}");
        // Read, changed, written: the next value is made from the state that this session holds.
        let counter = session.state().outputs.get("counter").map_or(0, counted) + 1;
        let outputs = BTreeMap::from([("counter".to_owned(), Output::new(&Value::from(counter), false))]);
        let mut entries = made(&key);
        entries.push(Entry::Outputs { outputs });
        block_on(session.commit(entries))?;
        line(&format!("ack {run} {} {key}", session.state().next - 1));
    }
    match random.below(4) {
        0 => block_on(session.abandon()),
        1 => Ok(()),
        _ => block_on(session.finish(Outcome::Done)),
    }
}

/// What a run records when it makes one object.
fn made(key: &str) -> Vec<Entry> {
    let intent = Intent {
        ty: "aws_vpc".to_owned(),
        uid: format!("uid-{key}"),
        origin: Origin::default(),
        schema: 1,
        args: serde_json::Map::new(),
        depends_on: Vec::new(),
        prevent_destroy: false,
        create_before_destroy: false,
        replaces: None,
        since: None,
        id: None,
    };
    let object = Box::new(intent.object(format!("vpc-{key}")));
    let address = Address::root("aws_vpc", key);
    vec![
        Entry::Intent { address: address.clone(), intent: Box::new(intent) },
        Entry::Done { address, object },
    ]
}

/// Writes a line at once: a process that is killed afterwards has said it.
fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{text}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

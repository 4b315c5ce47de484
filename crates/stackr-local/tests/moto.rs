//! The emulator for real: installed once per target directory, started, used, reset and ended.

use std::{
    net::TcpStream,
    os::unix::fs::symlink,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use stackr_local::{Config, Emulator, LocalCloud, MOTO_VERSION, Options, Running};

/// One installation for all tests of the workspace.
fn config() -> Config {
    Config { cache_dir: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("local-aws"), python: None }
}

/// A local cloud with a cache directory of its own, stopped at the end, that shares the installation.
struct Own {
    cloud: LocalCloud,
    _dir: tempfile::TempDir,
}

impl Own {
    fn new() -> Self {
        let shared = config();
        LocalCloud::new(shared.clone()).install(&mut |_| ()).expect("moto is installed");
        let dir = tempfile::tempdir().expect("a directory");
        let installed = format!("moto-{MOTO_VERSION}");
        symlink(shared.cache_dir.join(&installed), dir.path().join(&installed)).expect("a link");
        let cloud = LocalCloud::new(Config { cache_dir: dir.path().to_owned(), python: None });
        Self { cloud, _dir: dir }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // A test that has failed already has said why.
        let _stopped = self.cloud.stop();
    }
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn goes_silent(port: u16) -> bool {
    let asked = Instant::now();
    while listens(port) {
        if asked.elapsed() > Duration::from_secs(10) {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
    true
}

/// Makes an EC2 call. moto looks at nothing in a signature but the region and the service.
fn ec2(endpoint: &str, call: &str) -> String {
    let scope = "Credential=local/20260101/eu-west-1/ec2/aws4_request";
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    agent
        .post(endpoint)
        .header("authorization", format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"))
        .header("content-type", "application/x-www-form-urlencoded")
        .send(format!("{call}&Version=2016-11-15"))
        .and_then(|mut answer| answer.body_mut().read_to_string())
        .expect("EC2 answers")
}

fn vpcs(emulator: &Emulator) -> usize {
    ec2(&emulator.endpoint(), "Action=DescribeVpcs").matches("<vpcId>").count()
}

#[test]
fn an_emulator_of_a_test_serves_it_alone_and_ends_with_it() {
    let first = Emulator::ephemeral(&config(), Options::default()).expect("it starts");
    let second = Emulator::ephemeral(&config(), Options { acm_wait: 0, ecs_running: 3 }).expect("it starts");
    assert_ne!(first.port(), second.port());

    ec2(&first.endpoint(), "Action=CreateVpc&CidrBlock=10.0.0.0/16");
    assert_eq!((vpcs(&first), vpcs(&second)), (2, 1));
    first.reset().expect("it forgets");
    assert_eq!(vpcs(&first), 1);

    let port = first.port();
    drop(first);
    assert!(goes_silent(port));
    assert!(listens(second.port()));
}

#[test]
fn a_copy_has_what_was_there_and_goes_its_own_way() {
    let first = Emulator::forkable(&config(), Options::default()).expect("it starts");
    ec2(&first.endpoint(), "Action=CreateVpc&CidrBlock=10.0.0.0/16");
    let copy = first.fork().expect("a copy");
    ec2(&copy.endpoint(), "Action=CreateVpc&CidrBlock=10.1.0.0/16");
    let second = copy.fork().expect("a copy of a copy");
    ec2(&second.endpoint(), "Action=CreateVpc&CidrBlock=10.2.0.0/16");
    assert_eq!([&first, &copy, &second].map(vpcs), [2, 3, 4]);

    let port = copy.port();
    drop(copy);
    assert!(goes_silent(port));
    assert_eq!(vpcs(&second), 4);
    drop(first);
    assert!(goes_silent(second.port()));
}

#[test]
fn only_what_was_made_to_be_copied_is() {
    let emulator = Emulator::ephemeral(&config(), Options::default()).expect("it starts");
    emulator.fork().expect_err("it cannot be copied");
    assert_eq!(vpcs(&emulator), 1);
}

#[test]
fn the_local_cloud_is_one_however_many_start_it() {
    let own = Own::new();
    let cloud = &own.cloud;
    let started: Vec<Running> = thread::scope(|scope| {
        let starts: Vec<_> =
            (0..3).map(|_| scope.spawn(|| cloud.start(&mut |_| ()).expect("it starts"))).collect();
        starts.into_iter().map(|start| start.join().expect("no panic")).collect()
    });
    let running = &started[0];
    assert!(started.iter().all(|other| other == running), "{started:?}");
    assert_eq!(cloud.status().expect("a status").as_ref(), Some(running));
    cloud.reset().expect("it forgets");

    assert_eq!(cloud.stop().expect("it stops").as_ref(), Some(running));
    assert!(goes_silent(running.port));
    assert_eq!(cloud.status().expect("a status"), None);
    assert_eq!(cloud.stop().expect("nothing to stop"), None);
}

#[test]
fn a_local_cloud_that_was_killed_is_not_running_and_starts_again() {
    let own = Own::new();
    let cloud = &own.cloud;
    let first = cloud.start(&mut |_| ()).expect("it starts");
    let killed = Command::new("kill").args(["-9", &first.pid.to_string()]).status().expect("kill runs");
    assert!(killed.success() && goes_silent(first.port));
    assert_eq!(cloud.status().expect("a status"), None);

    let second = cloud.start(&mut |_| ()).expect("it starts");
    assert_ne!(first.pid, second.pid);
}

#[test]
fn moto_is_corrected_where_it_is_wrong() {
    let emulator = Emulator::ephemeral(&config(), Options::default()).expect("it starts");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corrections.py");
    let output = emulator.python().arg(script).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The emulator of a test that is killed goes too: its standard input was a pipe from the test.
#[test]
fn an_emulator_ends_with_whoever_holds_its_standard_input() {
    let emulator = Emulator::ephemeral(&config(), Options::default()).expect("it starts");
    let program = config().cache_dir.join(format!("moto-{MOTO_VERSION}")).join("serve.py");
    let mut child = emulator
        .python()
        .arg(program)
        .arg("--until-eof")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    drop(child.stdin.take());
    let asked = Instant::now();
    while child.try_wait().expect("a child of ours").is_none() {
        assert!(asked.elapsed() < Duration::from_secs(20), "it still runs");
        thread::sleep(Duration::from_millis(20));
    }
}

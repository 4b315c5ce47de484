//! The S3 store against the emulator: the same scenarios as every store, and what only S3 can answer.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
    primitives::ByteStream,
};
use scenarios::{Handle, block_on, claim, made, name, open};
use stackr_local::{Config, Emulator, Options};
use stackr_state::{
    Error, Expect, Key, Outcome, Session, Store, Version, Written,
    s3::{Bootstrap, Encryption, S3, bootstrap},
};

mod scenarios;

const BUCKET: &str = "stackr-state-test";

fn client_of(endpoint: String) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .retry_config(RetryConfig::standard());
    Client::from_conf(config.build())
}

/// An emulator with a bucket.
struct Cloud(Emulator);

impl Cloud {
    fn start() -> Self {
        let cache_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("local-aws");
        let emulator = Emulator::ephemeral(&Config { cache_dir, python: None }, Options::default()).unwrap();
        let cloud = Self(emulator);
        let bucket = cloud.client();
        block_on(bootstrap(&bucket, BUCKET, "eu-west-1", &Encryption::Aes256)).unwrap();
        cloud
    }

    fn client(&self) -> Client {
        client_of(self.0.endpoint())
    }

    fn directory(&self, prefix: &str) -> Handle {
        Arc::new(S3::directory(self.client(), BUCKET, prefix, &name()).unwrap())
    }
}

#[test]
fn s3_keeps_the_contract_of_a_store() {
    let cloud = Cloud::start();
    scenarios::a_store_keeps_its_contract(&cloud.directory("contract"));
    scenarios::a_run_leaves_a_snapshot_and_nothing_else(&cloud.directory("run"));
    scenarios::a_lease_is_respected_renewed_and_taken_over(&cloud.directory("lease"));
    scenarios::a_paused_writer_is_refused(&cloud.directory("/paused/"));
    let beside: Handle = Arc::new(S3::key(cloud.client(), BUCKET, "base/terraform.tfstate"));
    scenarios::a_run_leaves_a_snapshot_and_nothing_else(&beside);
}

#[test]
fn no_commit_is_lost_among_many_writers_in_s3() {
    let cloud = Cloud::start();
    scenarios::no_commit_is_lost_among_many_writers(&cloud.directory("many"), 6, 5);
}

#[test]
fn a_bucket_is_made_closed_and_versioned_and_accepted_again() {
    let cloud = Cloud::start();
    let client = cloud.client();
    block_on(async {
        let made = bootstrap(&client, "fresh-bucket", "eu-west-1", &Encryption::Aes256).await.unwrap();
        assert_eq!(made, Bootstrap::Made);
        let again = bootstrap(&client, "fresh-bucket", "eu-west-1", &Encryption::Aes256).await.unwrap();
        assert_eq!(again, Bootstrap::Accepted);
        let access = client.get_public_access_block().bucket("fresh-bucket").send().await.unwrap();
        assert_eq!(access.public_access_block_configuration().unwrap().block_public_policy(), Some(true));
        let place = client.get_bucket_location().bucket("fresh-bucket").send().await.unwrap();
        assert_eq!(place.location_constraint().unwrap().as_str(), "eu-west-1");
        let rules = client.get_bucket_lifecycle_configuration().bucket("fresh-bucket").send().await.unwrap();
        assert_eq!(rules.rules().len(), 1);
        let left = client.list_objects_v2().bucket("fresh-bucket").send().await.unwrap();
        assert_eq!(left.key_count(), Some(0));
    });
}

#[test]
fn what_is_written_is_encrypted_as_asked() {
    let cloud = Cloud::start();
    let client = cloud.client();
    let store = S3::key(client.clone(), BUCKET, "k").encrypted(Encryption::Kms("alias/aws/s3".to_owned()));
    block_on(async {
        assert!(matches!(store.write(Key::Snapshot, b"{}", Expect::Absent).await.unwrap(), Written::Done(_)));
        let head = client.head_object().bucket(BUCKET).key("k").send().await.unwrap();
        assert_eq!(head.server_side_encryption().unwrap().as_str(), "aws:kms");
    });
}

#[test]
fn a_terraform_state_under_the_key_is_left_alone() {
    let cloud = Cloud::start();
    let client = cloud.client();
    let text = br#"{"version": 4, "terraform_version": "1.11.4", "serial": 3, "outputs": {}}"#;
    block_on(async {
        let put = client.put_object().bucket(BUCKET).key("base/terraform.tfstate");
        let before = put.body(ByteStream::from_static(text)).send().await.unwrap();
        let store: Handle = Arc::new(S3::key(client.clone(), BUCKET, "base/terraform.tfstate"));
        let error = Session::open(store, claim("r1"), scenarios::at(0)).await.err().unwrap();
        assert_eq!(
            error.to_string(),
            "s3://stackr-state-test/base/terraform.tfstate holds a Terraform state (version 4, serial 3, written by terraform 1.11.4)"
        );
        let all = client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
        let all: Vec<_> =
            all.contents().iter().map(|object| (object.key().unwrap(), object.e_tag())).collect();
        assert_eq!(all, [("base/terraform.tfstate", before.e_tag())]);
    });
}

#[test]
fn a_bucket_that_is_not_there_is_named_with_the_remedy() {
    let cloud = Cloud::start();
    let store: Handle = Arc::new(S3::key(cloud.client(), "no-such-bucket", "k"));
    let error = open(&store, "r1", 0).err().unwrap();
    assert_eq!(error.to_string(), "s3://no-such-bucket does not exist");
    assert!(matches!(error, Error::Missing { .. }) && error.hint().unwrap().contains("stackr bootstrap"));
}

#[test]
fn an_endpoint_that_does_not_answer_says_so() {
    let client = client_of("http://127.0.0.1:9".to_owned());
    let store: Handle = Arc::new(S3::key(client, BUCKET, "k"));
    let error = open(&store, "r1", 0).err().unwrap();
    assert_eq!(error.to_string(), "s3://stackr-state-test/k.lease could not be read");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("refused"));
}

#[test]
fn a_bucket_that_is_silent_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = client_of(format!("http://{}", listener.local_addr().unwrap()));
    let limits = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(100))
        .operation_timeout(Duration::from_millis(400));
    let client = Client::from_conf(client.config().to_builder().timeout_config(limits.build()).build());
    let began = Instant::now();
    let error = block_on(S3::key(client, BUCKET, "k").read(Key::Snapshot)).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(error.to_string(), "s3://stackr-state-test/k could not be read");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("timeout"), "{cause}");
    assert!(error.hint().unwrap().contains("run the command again"));
}

#[test]
fn a_deleted_journal_stays_readable_in_old_versions() {
    let cloud = Cloud::start();
    let store = cloud.directory("v");
    let client = cloud.client();
    {
        let mut session = open(&store, "r1", 0).unwrap();
        block_on(session.commit(made("a"))).unwrap();
        block_on(session.finish(Outcome::Done)).unwrap();
    }
    block_on(async {
        let versions =
            client.list_object_versions().bucket(BUCKET).prefix("v/dev/base/journal/").send().await;
        assert_eq!(versions.unwrap().versions().len(), 1);
    });
}

/// An endpoint that gives these answers, one per request, and tells what it was asked.
fn scripted(answers: &'static [(&'static str, &'static str)]) -> (Client, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let answer = |(head, body): &(&str, &str)| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut lines: Vec<String> = Vec::new();
            while lines.last().is_none_or(|line| line != "\r\n") {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                lines.push(line);
            }
            let length = lines
                .iter()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.trim().parse().ok());
            reader.read_exact(&mut vec![0; length.unwrap_or(0)]).unwrap();
            write!(
                stream,
                "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
            .unwrap();
            lines.concat()
        };
        answers.iter().map(answer).collect()
    });
    (client_of(endpoint), asked)
}

const CONFLICT: (&str, &str) = ("409 Conflict", "<Error><Code>ConditionalRequestConflict</Code></Error>");
const DONE: (&str, &str) = ("200 OK\r\netag: \"e1\"", "");

#[test]
fn a_write_that_met_another_is_repeated_with_its_condition() {
    let (client, asked) = scripted(&[CONFLICT, CONFLICT, DONE]);
    let store = S3::key(client, BUCKET, "k");
    let written = block_on(store.write(Key::Part(3), b"x", Expect::Absent)).unwrap();
    assert_eq!(written, Written::Done(Version("\"e1\"".to_owned())));
    let asked = asked.join().unwrap();
    assert!(asked.iter().all(|request| request.contains("PUT /stackr-state-test/k.journal/000003.json")));
    assert!(asked.iter().all(|request| request.contains("if-none-match: *")));
}

#[test]
fn a_replacement_names_the_version_verbatim() {
    let (client, asked) = scripted(&[DONE]);
    let expect = Expect::Version(Version("\"abc-1\"".to_owned()));
    assert!(matches!(
        block_on(S3::key(client, BUCKET, "k").write(Key::Snapshot, b"x", expect)),
        Ok(Written::Done(_))
    ));
    assert!(asked.join().unwrap()[0].contains("if-match: \"abc-1\"\r\n"));
}

#[test]
fn every_refusal_says_what_to_do() {
    let check = |answers, message: &str, cause: Option<&str>| {
        let (client, asked) = scripted(answers);
        let error = block_on(S3::key(client, BUCKET, "k").read(Key::Snapshot)).unwrap_err();
        asked.join().unwrap();
        assert_eq!(error.to_string(), message);
        assert_eq!(std::error::Error::source(&error).map(ToString::to_string).as_deref(), cause);
        assert!(error.hint().is_some());
    };
    check(
        &[(
            "403 Forbidden\r\nx-amz-request-id: R1",
            "<Error><Code>AccessDenied</Code><Message>no</Message></Error>",
        )],
        "access to s3://stackr-state-test/k was denied",
        Some("AccessDenied: no (request id R1)"),
    );
    check(
        &[("301 Moved\r\nx-amz-bucket-region: us-west-2", "<Error><Code>PermanentRedirect</Code></Error>")],
        "s3://stackr-state-test is not in region eu-west-1, it is in us-west-2",
        None,
    );
    const KEY: &str = "<Error><Code>AccessDenied</Code><Message>not authorized to perform: kms:Decrypt on resource: \
               arn:aws:kms:eu-west-1:1:key/2</Message></Error>";
    check(
        &[("403 Forbidden", KEY)],
        "the encryption key of s3://stackr-state-test/k may not be used",
        Some(
            "AccessDenied: not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:1:key/2",
        ),
    );
    check(
        &[("404 Not Found", "<Error><Code>NoSuchBucket</Code><Message>gone</Message></Error>")],
        "s3://stackr-state-test does not exist",
        Some("NoSuchBucket: gone"),
    );
}

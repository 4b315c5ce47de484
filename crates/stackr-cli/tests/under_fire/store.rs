//! Stores that fail: every failure says what, where and what to do, loses nothing, and one command brings the last good
//! state back.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Stdio};

use stackr_testkit::{Output, TestEnvironment};

use crate::{
    server::{Answer, Asked, Server, forward, refusal, refusal_saying},
    support::{done, emulator, project},
};

const MAIN: &str = "stacks/s/main.tf";
const STATE: &str = "state/default/s/state.json";

fn groups(region: &str, count: usize) -> String {
    format!(
        "resource \"aws_cloudwatch_log_group\" \"g\" {{\n  count = {count}\n  name  = \"{region}-${{count.index}}\"\n}}\n\n\
         output \"count\" {{\n  value = {count}\n}}\n"
    )
}

/// Two runs, so that there is a snapshot and the one before it.
fn applied(region: &str) -> TestEnvironment {
    let env = project(region);
    for count in [2, 3] {
        env.write(MAIN, &groups(region, count));
        done(&env, ["apply", "s", "-y"]);
    }
    env
}

fn says(output: &Output, words: &[&str]) {
    for word in words {
        assert!(output.stderr.contains(word), "`{word}` is missing in\n{}", output.stderr);
    }
}

#[test]
fn a_damaged_state_is_refused_by_name_and_one_command_brings_the_last_good_one_back() {
    let region = "eu-west-1";
    let env = applied(region);
    let good = env.read(STATE);
    let middle = good.len() / 2;
    let damages: [(&str, String); 5] = [
        ("truncated", good[..middle].to_owned()),
        ("empty", String::new()),
        ("a flipped bit", good.replacen("-1\"", "-3\"", 1)),
        ("garbage", "\u{0}\u{1}".repeat(200)),
        ("without its end", good.trim_end().trim_end_matches('}').to_owned()),
    ];
    for (damage, text) in damages {
        fs::write(env.path(STATE), &text).expect("a file");
        for words in [&["plan", "s"][..], &["apply", "s", "-y"], &["destroy", "s", "-y"]] {
            let mut command = env.command([]);
            let output = command.args(words).output().expect("stackr starts");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{damage}: {said}");
            assert!(
                said.contains("state.json is damaged") && said.contains("stackr state repair"),
                "{damage}: {said}"
            );
            assert_eq!(env.read(STATE), text, "{damage}: it was touched");
        }
        let repaired = env.expect(0, ["state", "repair", "s"]);
        assert!(repaired.stdout.contains("the previous one is back"), "{damage}: {}", repaired.stdout);
        assert!(env.path("state/default/s/state.json.damaged").exists());
        // The state before: the third group is unknown there, was made under the same name, and is found.
        let list = env.expect(0, ["state", "list", "s"]).stdout;
        assert_eq!(list.lines().count(), 2, "{damage}: {list}");
        // What the backup does not know is AWS's still; the good state is put back for the next damage.
        fs::write(env.path(STATE), &good).expect("a file");
        done(&env, ["plan", "s", "--detailed-exitcode"]);
    }
}

#[test]
fn a_state_of_others_is_refused_and_left_alone() {
    let region = "eu-central-1";
    let env = applied(region);
    let good = env.read(STATE);
    let check = |text: String, code: i32, words: &[&str]| {
        fs::write(env.path(STATE), &text).expect("a file");
        says(&env.expect(code, ["apply", "s", "-y"]), words);
        says(&env.expect(code, ["state", "repair", "s"]), words);
        assert_eq!(env.read(STATE), text);
    };
    check(good.replacen("\"version\": 1", "\"version\": 99", 1), 1, &["format version 99", "upgrade stackr"]);
    let other: String =
        good.lines().filter(|line| !line.contains("checksum")).map(|l| format!("{l}\n")).collect();
    check(
        other.replacen("\"stack\": \"s\"", "\"stack\": \"t\"", 1),
        6,
        &["belongs to stack t", "must not share"],
    );
    check(other.replacen("\"env\": \"default\"", "\"env\": \"prod\"", 1), 6, &["(prod)", "must not share"]);
    fs::write(env.path(STATE), other.replace("123456789012", "999999999999")).expect("a file");
    says(&env.expect(6, ["apply", "s", "-y"]), &["account 999999999999", "another environment"]);
    fs::write(env.path(STATE), &good).expect("a file");
    done(&env, ["plan", "s", "--detailed-exitcode"]);
}

#[test]
fn a_damaged_journal_ends_where_the_damage_begins() {
    let region = "us-east-2";
    let env = applied(region);
    env.write(MAIN, &groups(region, 4));
    // A run that is killed while it makes the fourth leaves its journal.
    let hanging = Server::hanging();
    let mut command = env.command(["apply", "s", "-y"]);
    command
        .env("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", &hanging.endpoint)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.args(["--refresh", "false"]).spawn().expect("stackr starts");
    while hanging.count() == 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().expect("it runs");
    drop(child.wait());
    let journal = env.path("state/default/s/journal");
    let parts: Vec<_> = fs::read_dir(&journal).expect("a journal").flatten().map(|f| f.path()).collect();
    assert!(!parts.is_empty());
    let (good, snapshot) = (fs::read(&parts[0]).expect("a part"), env.read(STATE));
    for bad in [&good[..good.len() / 2], b"", b"garbage", b"{\"format\": \"else\"}"] {
        fs::write(&parts[0], bad).expect("a file");
        says(&env.expect(1, ["plan", "s"]), &["journal/0", ".json is "]);
        let repaired = env.expect(0, ["state", "repair", "s"]).stdout;
        assert!(repaired.contains("of the journal were dropped"), "{repaired}");
        let list = env.expect(0, ["state", "list", "s"]).stdout;
        assert_eq!(list.lines().count(), 3, "the snapshot is whole: {list}");
        // The repaired state has used up the part's number.
        env.write(STATE, &snapshot);
    }
    fs::write(&parts[0], &good).expect("a file");
    done(&env, ["apply", "s", "-y"]);
    done(&env, ["plan", "s", "--detailed-exitcode"]);
}

#[test]
fn a_disk_that_is_full_at_any_point_loses_nothing() {
    let region = "us-west-1";
    for blocks in [0, 1, 2, 3, 4, 6, 8, 12] {
        let env = project(region);
        env.write(MAIN, &groups(region, 3));
        // No file may grow beyond so many blocks of 512 bytes: what a full disk is to whoever writes.
        let stackr = env.command([]).get_program().to_owned();
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" apply s -y");
        let shell = env.command([]);
        let mut limited = std::process::Command::new("sh");
        limited.args(["-c", &script]).arg(stackr).current_dir(env.project()).env_clear();
        limited.envs(shell.get_envs().filter_map(|(k, v)| Some((k, v?))));
        let output = limited.output().expect("sh starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            assert!(
                said.contains("no space left to write") && said.contains("make room"),
                "{blocks}: {said}"
            );
        }
        done(&env, ["apply", "s", "-y"]);
        done(&env, ["plan", "s", "--detailed-exitcode"]);
        done(&env, ["destroy", "s", "-y"]);
    }
}

#[test]
fn a_result_that_cannot_be_written_is_no_success() {
    let region = "us-gov-west-1";
    let env = applied(region);
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    for words in [&["output", "s"][..], &["show", "s"], &["plan", "s"], &["version"]] {
        let mut command = env.command([]);
        let output =
            command.args(words).stdout(full()).stderr(Stdio::piped()).output().expect("stackr starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.contains("could not be written") && said.contains("No space left"), "{words:?}: {said}");
    }
    // Where nothing can be written at all, the exit code is what is left.
    let output = env.command(["output", "s"]).stdout(full()).stderr(full()).output().expect("stackr starts");
    assert_eq!(output.status.code(), Some(1));
    done(&env, ["destroy", "s", "-y"]);
}

#[test]
fn a_place_that_cannot_be_written_is_named_before_anything_is_made() {
    let env = project("ca-central-1");
    env.write(MAIN, &groups("ca-central-1", 1));
    fs::create_dir_all(env.path("state")).expect("a directory");
    fs::write(env.path("state/default"), "in the way").expect("a file");
    says(&env.expect(1, ["apply", "s", "-y"]), &["state/default"]);
    fs::remove_file(env.path("state/default")).expect("a file");
    // The superuser may write everywhere.
    fs::create_dir_all(env.path("state/default/s")).expect("a directory");
    fs::set_permissions(env.path("state/default/s"), fs::Permissions::from_mode(0o500)).expect("permissions");
    if fs::write(env.path("state/default/s/x"), "").is_err() {
        says(&env.expect(1, ["apply", "s", "-y"]), &["access to", "was denied"]);
    }
    fs::set_permissions(env.path("state/default/s"), fs::Permissions::from_mode(0o700)).expect("permissions");
    done(&env, ["apply", "s", "-y"]);
    done(&env, ["destroy", "s", "-y"]);
}

/// A bucket behind a server that sometimes answers otherwise.
fn faulty(
    env: TestEnvironment,
    bucket: &str,
    fault: impl Fn(&Asked, usize) -> Option<Answer> + Send + Sync + 'static,
) -> TestEnvironment {
    drop(env.expect(0, ["bootstrap", bucket]));
    let (real, seen) = (emulator().endpoint(), std::sync::atomic::AtomicUsize::new(0));
    let server = Server::start(move |asked| {
        let is_write = asked.head.starts_with("PUT") || asked.head.starts_with("DELETE");
        let n = if is_write { seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) } else { usize::MAX };
        fault(asked, n).unwrap_or_else(|| Answer::Whole(forward(&real, asked)))
    });
    env.with("AWS_ENDPOINT_URL_S3", server.endpoint.clone())
}

#[test]
fn answers_of_the_bucket_that_are_lost_are_no_failure() {
    let region = "eu-south-1";
    let real = emulator().endpoint();
    // Every write takes effect; every third is answered with a refusal, a 500, or not at all.
    let env = faulty(project(region), "lost-answers", move |asked, n| {
        if n == usize::MAX || n % 3 != 0 {
            return None;
        }
        drop(forward(&real, asked));
        Some(match n % 4 {
            0 if asked.head.to_lowercase().contains("\r\nif-") => {
                refusal("412 Precondition Failed", "PreconditionFailed")
            }
            1 => refusal("500 Internal Server Error", "InternalError"),
            2 => refusal("503 Slow Down", "SlowDown"),
            _ => Answer::Drop,
        })
    });
    for count in [2, 3, 0] {
        env.write(MAIN, &groups(region, count));
        done(&env, ["apply", "s", "-y", "--state", "s3://lost-answers/x"]);
        done(&env, ["plan", "s", "--detailed-exitcode", "--state", "s3://lost-answers/x"]);
    }
}

#[test]
fn a_bucket_that_refuses_in_the_middle_of_a_run_leaves_what_the_next_run_finds() {
    let region = "eu-west-3";
    // What S3 says when the key is not allowed
    // (https://repost.aws/knowledge-center/s3-bucket-access-default-encryption).
    let key = "User: arn:aws:sts::123456789012:assumed-role/ci/run is not authorized to perform: kms:GenerateDataKey on \
               resource: arn:aws:kms:eu-west-3:123456789012:key/1 because no identity-based policy allows the \
               kms:GenerateDataKey action";
    for (bucket, status, code, why, words) in [
        ("forbidden-a", "403 Forbidden", "AccessDenied", "no", &["was denied"][..]),
        ("gone-b", "404 Not Found", "NoSuchBucket", "no", &["does not exist"]),
        ("moved-c", "301 Moved Permanently", "PermanentRedirect", "no", &["is not in region"]),
        (
            "key-d",
            "403 Forbidden",
            "AccessDenied",
            key,
            &["the encryption key of", "allow kms:GenerateDataKey"],
        ),
        (
            "off-e",
            "400 Bad Request",
            "KMS.DisabledException",
            "it is disabled",
            &["the encryption key of", "disabled"],
        ),
        (
            "slow-f",
            "503 Slow Down",
            "SlowDown",
            "Please reduce your request rate.",
            &["fewer requests", "wait a moment"],
        ),
    ] {
        let broken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
        let is_broken = std::sync::Arc::clone(&broken);
        let refused = std::sync::atomic::AtomicBool::new(false);
        let env = faulty(project(region), bucket, move |asked, _| {
            // From the first part of the journal on, nothing is accepted.
            let part = asked.head.starts_with("PUT") && asked.head.contains("/journal/");
            let on = is_broken.load(std::sync::atomic::Ordering::SeqCst);
            if on && (part || refused.load(std::sync::atomic::Ordering::SeqCst)) {
                refused.store(true, std::sync::atomic::Ordering::SeqCst);
                return Some(refusal_saying(status, code, why));
            }
            None
        });
        env.write(MAIN, &groups(bucket, 2));
        let place = format!("s3://{bucket}/x");
        let output = env.stackr(["apply", "s", "-y", "--state", &place]);
        assert_ne!(output.code, 0);
        says(&output, &[bucket, "hint:"]);
        says(&output, words);
        broken.store(false, std::sync::atomic::Ordering::SeqCst);
        done(&env, ["apply", "s", "-y", "--state", &place]);
        done(&env, ["plan", "s", "--detailed-exitcode", "--state", &place]);
        done(&env, ["destroy", "s", "-y", "--state", &place]);
    }
}

#[test]
fn a_bucket_that_takes_seconds_for_every_write_is_waited_for() {
    let region = "me-south-1";
    let env = faulty(project(region), "slow-writes", |_, n| {
        if n != usize::MAX {
            std::thread::sleep(std::time::Duration::from_secs(2));
        }
        None
    });
    env.write(MAIN, &groups(region, 2));
    done(&env, ["apply", "s", "-y", "--state", "s3://slow-writes/x"]);
    done(&env, ["plan", "s", "--detailed-exitcode", "--state", "s3://slow-writes/x"]);
    done(&env, ["destroy", "s", "-y", "--state", "s3://slow-writes/x"]);
}

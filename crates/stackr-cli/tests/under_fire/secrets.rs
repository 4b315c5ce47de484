//! Secrets: whatever is run, and however it ends, they are nowhere but where they were written.

use std::{fs, path::Path, process::Stdio, thread, time::Duration};

use stackr_testkit::TestEnvironment;

use crate::{
    server::Server,
    support::{emulator, project},
};

/// With everything that JSON, URLs and shells write in another way.
const PASSWORD: &str = "c4n@ry \"p4ss\\w0rd/ü+1";
const OBJECT: &str = "canary-in-an-object-77213";
const PROVIDER: &str = "canary-of-the-provider-90218";
const LISTED: &str = "canary-in-a-list-55121";

const STACK: &str = r#"
variable "password" {
  sensitive = true
}

variable "database" {
  sensitive = true
  type      = object({ user = string, secret = string, more = list(string) })
}

provider "aws" {
  access_key = "AKIDCANARY"
  secret_key = "canary-of-the-provider-90218"
}

locals {
  url = "postgres://u:${var.password}@h/db?x=${var.database.more[0]}"
}

resource "aws_cloudwatch_log_group" "g" {
  name = "secrets"
  tags = { plain = "x", token = var.database.secret }
}

resource "aws_ecs_task_definition" "t" {
  family                   = "secrets"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 256
  memory                   = 512
  container_definitions = jsonencode([{
    name        = "web"
    image       = "x:1"
    essential   = true
    environment = [{ name = "URL", value = local.url }, { name = "S", value = var.database.secret }]
  }])
  depends_on = [aws_cloudwatch_log_group.g]
}

output "url" {
  value     = local.url
  sensitive = true
}

output "all" {
  value     = { db = var.database, arn = aws_ecs_task_definition.t.arn }
  sensitive = true
}
"#;

/// What is wrong with each of these must be told without the value.
const WRONG: &[&str] = &[
    "{ a = 1 }[var.password]",
    "var.password + 1",
    "tonumber(var.password)",
    "file(var.password)",
    "jsondecode(var.password)",
    "regex(\"(\", var.password)",
    "regex(var.password, \"x\")",
    "timeadd(var.password, \"1h\")",
    "base64decode(var.password)",
    "cidrhost(var.password, 1)",
    "{ for x in [var.password, var.password] : x => 1 }",
    "var.database.nothing",
    "{ (var.password) = 1 }.x",
    "index([\"a\"], var.password)",
    "templatefile(var.password, {})",
    "one([var.password, var.database.secret])",
    "format(\"%d\", var.password)",
];

/// Every way in which a text may be written.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let json = serde_json::to_string(secret).expect("text");
    let json = json.trim_matches('"').to_owned();
    let twice = serde_json::to_string(&json).expect("text").trim_matches('"').to_owned();
    let url: String = secret
        .bytes()
        .map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect();
    let mut forms: Vec<Vec<u8>> = [secret, &json, &twice, &url, &url.replace("%20", "+")]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect();
    // What three alignments have in common with any text around: all but the first and last group.
    for before in 0..3 {
        let padded = [vec![b' '; before], secret.as_bytes().to_vec()].concat();
        let coded = base64(&padded);
        forms.push(coded[4..coded.len() - 4].to_vec());
    }
    forms.push(secret.bytes().flat_map(|b| format!("{b:02x}").into_bytes()).collect());
    forms
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        out.extend((0..4).map(|n| LETTERS[(bits >> (18 - 6 * n)) as usize & 63]));
    }
    out
}

fn assert_none(bytes: &[u8], place: &str) {
    for secret in [PASSWORD, OBJECT, PROVIDER, LISTED] {
        for form in forms(secret) {
            if bytes.windows(form.len()).any(|window| window == form) {
                let at = bytes.windows(form.len()).position(|window| window == form).unwrap_or(0);
                let around = &bytes[at.saturating_sub(80)..(at + form.len()).min(bytes.len())];
                panic!("{place} shows {secret}: {}", String::from_utf8_lossy(around));
            }
        }
    }
}

/// Looks through every byte below a directory, but for what the user wrote.
fn assert_none_below(directory: &Path) {
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_symlink() || name.ends_with(".tf") || name.ends_with(".tfvars") {
            continue;
        }
        if path.is_dir() {
            assert_none_below(&path);
        } else {
            assert_none(&fs::read(&path).expect("a file"), &path.display().to_string());
        }
    }
}

fn written(env: &TestEnvironment) {
    let text = format!(
        "password = {}\ndatabase = {{ user = \"u\", secret = \"{OBJECT}\", more = [\"{LISTED}\"] }}\n",
        serde_json::to_string(PASSWORD).expect("text")
    );
    env.write("stacks/s/main.tf", STACK).write("secrets.tfvars", &text);
}

/// Runs a command, and looks through what it says.
fn said(env: &TestEnvironment, arguments: &[&str], more: &[(&str, &str)]) -> (i32, Vec<u8>) {
    let mut command = env.command([]);
    command.args(arguments).envs(more.iter().copied());
    let output = command.output().expect("stackr starts");
    let all = [output.stdout, output.stderr].concat();
    assert_none(&all, &arguments.join(" "));
    (output.status.code().unwrap_or(-1), all)
}

const VARS: [&str; 2] = ["--var-file", "secrets.tfvars"];

fn everything(env: &TestEnvironment, state: &[&str]) {
    let run = |words: &[&str], code: i32| {
        let arguments = [words, &VARS, state].concat();
        let (found, all) = said(env, &arguments, &[]);
        assert_eq!(found, code, "{arguments:?}: {}", String::from_utf8_lossy(&all));
    };
    run(&["plan", "s"], 0);
    run(&["plan", "s", "--json"], 0);
    run(&["plan", "s", "--program"], 0);
    run(&["validate", "s"], 0);
    // AWS refuses and repeats what it was given.
    let echo = Server::echoing();
    for json in [&[][..], &["--json"]] {
        let arguments = [&["apply", "s", "-y"], &VARS[..], state, json].concat();
        let (code, all) = said(env, &arguments, &[("AWS_ENDPOINT_URL_ECS", &echo.endpoint)]);
        assert!(code != 0 && echo.count() > 0, "{}", String::from_utf8_lossy(&all));
        assert_none_below(&env.project());
    }
    // A run that is killed leaves its journal.
    let hanging = Server::hanging();
    let mut command = env.command([]);
    command.args([&["apply", "s", "-y"], &VARS[..], state].concat());
    command.env("AWS_ENDPOINT_URL_ECS", &hanging.endpoint).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("stackr starts");
    while hanging.count() == 0 {
        thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("it runs");
    drop(child.wait());
    assert_none_below(&env.project());
    run(&["plan", "s"], 0);
    run(&["apply", "s", "-y", "--json"], 0);
    run(&["plan", "s", "--detailed-exitcode"], 0);
    for words in [
        &["output", "s"][..],
        &["output", "s", "--json"],
        &["show", "s"],
        &["show", "s", "--json"],
        &["state", "list", "s"],
        &["state", "show", "s", "aws_ecs_task_definition.t"],
        &["state", "show", "s", "aws_ecs_task_definition.t", "--json"],
        &["state", "pull", "s"],
        &["graph", "s"],
    ] {
        said(env, &[words, state].concat(), &[]);
    }
    // Where it is asked for by name, it is told.
    let mut asked = env.command([]);
    let asked =
        asked.args([&["output", "s", "url"], &VARS[..], state].concat()).output().expect("stackr starts");
    let asked = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert_eq!(asked, format!("postgres://u:{PASSWORD}@h/db?x={LISTED}\n"));
}

#[test]
fn a_secret_is_nowhere_but_where_it_was_written() {
    let env = project("eu-north-1");
    written(&env);
    everything(&env, &[]);
    for (n, wrong) in WRONG.iter().enumerate() {
        let text = format!(
            "{}\noutput \"x\" {{\n  sensitive = true\n  value     = {wrong}\n}}\n",
            &STACK[..STACK.find("provider").expect("there")]
        );
        env.write(&format!("stacks/w{n}/main.tf"), &text);
        for more in [&[][..], &["--json"]] {
            said(&env, &[&["plan", &format!("w{n}")], &VARS[..], more].concat(), &[]);
        }
    }
    // Files of values that are wrong are not shown.
    for wrong in
        ["password = [\n", "password = @\n", "password = hunter\n", "database = \"%\"\npassword = {}\n"]
    {
        let bad = wrong.replace('%', OBJECT).replace("hunter", "canary-in-a-list-55121");
        env.write("bad.tfvars", &format!("{bad}\n{}", env.read("secrets.tfvars")));
        let (code, _) = said(&env, &["plan", "s", "--var-file", "bad.tfvars"], &[]);
        assert_ne!(code, 0);
    }
    said(&env, &[&["destroy", "s", "-y", "--json"], &VARS[..]].concat(), &[]);
    assert_none_below(env.project().parent().expect("the root of the test"));
}

#[test]
fn a_secret_is_not_in_the_bucket_of_the_state() {
    let env = project("eu-west-2").with("AWS_REGION", "eu-west-2");
    written(&env);
    drop(env.expect(0, ["bootstrap", "canary-bucket"]));
    everything(&env, &["--state", "s3://canary-bucket/x"]);
    // Every version of every object, as it is and how it is encrypted.
    let script = "import boto3,sys\n\
        s=boto3.client('s3',endpoint_url=sys.argv[1],region_name='eu-west-2',aws_access_key_id='x',aws_secret_access_key='x')\n\
        for v in s.list_object_versions(Bucket='canary-bucket')['Versions']:\n\
        \x20   o=s.get_object(Bucket='canary-bucket',Key=v['Key'],VersionId=v['VersionId'])\n\
        \x20   print('SSE',o.get('ServerSideEncryption'))\n\
        \x20   sys.stdout.flush()\n\
        \x20   sys.stdout.buffer.write(o['Body'].read())\n";
    let mut python = emulator().python();
    let found = python.args(["-c", script, &emulator().endpoint()]).output().expect("Python runs");
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    assert_none(&found.stdout, "the bucket");
    let text = String::from_utf8_lossy(&found.stdout).into_owned();
    let (objects, encrypted) = (text.matches("SSE ").count(), text.matches("SSE AES256").count());
    assert!(objects > 5 && objects == encrypted, "{objects} objects, {encrypted} encrypted");
}

//! The table of expressions: what stackr makes of each, and that Terraform makes the same of it.
//!
//! `console.txt` holds, for each line that starts with `> `, the lines that `terraform console` prints for the
//! expression, or the one word `refused`. A line that starts with `~ ` before it says why stackr differs there;
//! the lines are then stackr's.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use stackr_core::{BlockKey, Env, ModulePath, Value};
use stackr_lang::{Inputs, Loader, MemoryLoader, answer, load};

const REFUSED: &str = "refused";

/// The files that the expressions read.
const FILES: [(&str, &str); 8] = [
    ("main.tf", ""),
    ("h.txt", "hi\n"),
    ("greet.tftpl", "hello ${name}%{ for n in list } ${n}%{ endfor }\n"),
    ("fs/x.txt", ""),
    ("fs/a/y.txt", ""),
    ("fs/a/b/z.md", ""),
    ("fs/.h/q.txt", ""),
    ("fs/.dot.txt", ""),
];

struct Case {
    line: usize,
    expression: String,
    expect: String,
    /// Why stackr's result is not Terraform's.
    differs: Option<String>,
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut differs = None;
    for (n, line) in include_str!("console.txt").lines().enumerate() {
        if let Some(expression) = line.strip_prefix("> ") {
            let (line, expression, differs) = (n + 1, expression.to_owned(), differs.take());
            cases.push(Case { line, expression, expect: String::new(), differs });
        } else if let Some(reason) = line.strip_prefix("~ ") {
            differs = Some(reason.to_owned());
        } else if let Some(case) = cases.last_mut() {
            if !case.expect.is_empty() {
                case.expect.push('\n');
            }
            case.expect.push_str(line);
        }
    }
    cases
}

struct NoBlocks;

impl Env for NoBlocks {
    fn block(&self, _: &ModulePath, _: &BlockKey) -> Option<Value> {
        None
    }
}

fn evaluate<'e>(expressions: impl IntoIterator<Item = &'e str>) -> Vec<String> {
    let files = FILES.iter().fold(MemoryLoader::new(), |loader, (path, text)| loader.with(path, *text));
    let loader: Arc<dyn Loader> = Arc::new(files);
    let stack = load(&loader, ".", &Inputs::default()).map_err(|e| e.diagnostics).expect("an empty stack");
    let one = |text: &str| match answer(&stack, text, &NoBlocks) {
        Ok(answer) => answer.to_string(),
        Err(_) => REFUSED.to_owned(),
    };
    expressions.into_iter().map(one).collect()
}

#[test]
fn every_expression_gives_what_the_table_says() {
    let cases = cases();
    assert!(cases.len() > 1_700, "the table has {} expressions", cases.len());
    let got = evaluate(cases.iter().map(|case| case.expression.as_str()));
    let wrong: Vec<_> = cases
        .iter()
        .zip(got)
        .filter(|(case, got)| case.expect != *got)
        .map(|(case, got)| {
            format!("line {}: {}\n--- expected\n{}\n--- got\n{got}", case.line, case.expression, case.expect)
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ\n\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}

/// What Terraform prints for one expression; it takes no more than one at a time.
fn terraform(dir: &Path, expression: &str) -> String {
    let mut child = Command::new("terraform")
        .args(["console", "-no-color"])
        .current_dir(dir)
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_CLI_CONFIG_FILE", dir.join("cli.tfrc"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("terraform starts");
    let mut stdin = child.stdin.take().expect("it reads");
    writeln!(stdin, "{expression}").expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    if !output.status.success() {
        return REFUSED.to_owned();
    }
    let text = String::from_utf8_lossy(&output.stdout);
    text.strip_suffix('\n').unwrap_or(&text).to_owned()
}

/// The cases in which Terraform does not agree, with what it prints. A process for each takes minutes, so those
/// with a value are tried as the elements of one tuple first.
fn disagreements<'c>(dir: &Path, cases: &'c [Case]) -> Vec<(&'c Case, String)> {
    const AT_ONCE: usize = 50;
    let single = |case: &&Case| {
        case.expect == REFUSED || case.differs.is_some() || case.expression.starts_with("type(")
    };
    let (alone, together): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(single);
    let mut again = alone;
    for chunk in together.chunks(AT_ONCE) {
        let elements: Vec<_> = chunk.iter().map(|case| case.expression.as_str()).collect();
        let tuple = format!("[{}]", elements.join(", "));
        if evaluate([tuple.as_str()]) != [terraform(dir, &tuple)] {
            again.extend(chunk);
        }
    }
    let results = again.into_iter().map(|case| (case, terraform(dir, &case.expression)));
    results.filter(|(case, got)| (case.expect == *got) == case.differs.is_some()).collect()
}

#[test]
fn terraform_gives_what_the_table_says() {
    let version = Command::new("terraform").arg("version").output();
    if !version.is_ok_and(|version| version.status.success()) {
        eprintln!("skipped: terraform is not installed");
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    for (path, text) in FILES.into_iter().chain([("cli.tfrc", "")]) {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
    let cases = cases();
    let wrong: Vec<_> = disagreements(dir.path(), &cases)
        .into_iter()
        .map(|(case, got)| match case.differs {
            None => format!("line {}: {}\n{got}", case.line, case.expression),
            Some(_) => format!("line {}: {} is no difference any more", case.line, case.expression),
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ\n\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}
